"""What the made articles are said with: invented places, organs and events of a province that does not exist, written by us.

A topic is a grammar: `{slots}` are filled by `made_articles`. Of names, and of the figures that a title and its text share, one per article
is drawn; of other figures and of clauses a fresh one each time. So two articles of one topic share frames as two real reports of one desk
do, and little else.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """Ways to begin and to go on. `recurring`: the title has no name of its own and comes back week by week."""

    titles: tuple[str, ...]
    leads: tuple[str, ...]
    sentences: tuple[str, ...]
    recurring: bool = False


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


SYLLABLES = ("岚砚澜樾桐汀棠栖鹭沅禾筠榆芷璞", "溪渡桥湾坪岭洲塘原浦川台")
"""A place's name is one of each, with a rank behind."""

PROJECTS = _words(
    """
    东郊净水厂 环湖绿道 城南医养中心 滨河职业学校 老粮库文创园 西环快速路 冷链物流港 数字档案馆 全民健身馆 古渠修复工程
    高标准农田 智慧停车楼 社区长者食堂 山区应急水源 客运枢纽站 蔬菜育苗基地 小微企业孵化园 红杉林湿地 乡村寄递网点 再生水管网
    """
)
ORGANS = _words(
    """
    市发展改革委 市住房城乡建设局 市交通运输局 市水务局 市农业农村局 市文化旅游局 市卫生健康委 市教育局 市市场监管局
    市生态环境局 市应急管理局 市人力资源社会保障局 市民政局 市数据局 市林业局 市商务局
    """
)
PEOPLE = ("市委书记", "市长", "市人大常委会主任", "市政协主席", "常务副市长", "副市长", "市政府秘书长")
SURNAMES = "邬闻桑车苗佟柏滕晏甄"
GIVEN = ("知远", "清和", "立言", "守田", "望舒", "明渠", "秉文", "如松", "季青", "怀谷")
HOME = "临澜市"
HOME_PEOPLE = ("市长桑明渠", "副市长晏季青")
HOSTS = ("企业家代表", "商会负责人", "友好城市代表团", "科研院所专家", "援建工作队", "青年创业者代表", "华侨代表")
WARES = ("黄桃", "山药", "莲藕", "茶油", "板栗", "羊肚菌", "小龙虾", "富硒米", "百合", "桑葚")

MEASURES = _words(
    """
    把现场办公会开到田间地头 推行一窗受理和限时办结 实行挂图作战、逐日销号 请居民代表全程监督用料 给每处隐患点配上看护人
    由老党员轮流值守服务台
    组织技术员逐户登门指导 把夜间施工噪声降到最低 对困难群体一律先办后补 用无人机每周巡查两遍 发动物业和商户共同出力
    把图纸贴在村口征求意见
    开通错峰接驳的便民班车 邀请邻近乡镇一道会商 建立问题清单和责任清单 利用农闲抢抓工期 设置流动调解室 由财政先行垫付周转金
    """
)
EFFECTS = _words(
    """
    群众少跑了许多冤枉路 沿线商户的生意明显转旺 多年的积水难题得到化解 外出务工的年轻人陆续返乡 孩子们上学不用再绕山路
    老人看病取药都在家门口
    河道里又见到成群的白鹭 企业的用工缺口基本补上 夜间出行安全了不少 村集体第一次有了分红 办事窗口的长队不见了
    灌溉用水实现自流到田
    闲置多年的厂房重新亮灯 邻里之间的矛盾少了一半 来采风的学生越来越多 果农不再为销路发愁
    """
)
VOICES = _words(
    """
    家住渡口边的退休教师 在镇上开早餐店的夫妇 跑了十几年货运的司机 返乡办合作社的青年 负责看护水渠的老人 刚刚搬进新居的居民
    在园区上班的质检员 带着孙辈散步的老街坊 承包了两百亩坡地的农户 驻村的农技员 值夜班的社区医生 等候体检的出租车司机
    """
)
TAILS = (
    "下一步，{organ}将会同{place}对{project}开展{n}天回头看，{measure}，确保年内再办成{n}件实事。",
    "{organ}提醒，{project}相关事项可到{place}{town}便民中心{n}号窗口办理，咨询电话的接听时间延长到每晚{hour}时。",
    "据了解，{city}今年还将在{place}等{n}个地方推开这一做法，计划投入{money}亿元。",
    "{person}要求，{place}要把{project}的经验写进规划，到年底形成{n}项可推广的办法。",
)

EVENTS = (
    Topic(
        (
            "{place}{project}建成投用 惠及{fixed}个村居",
            "{city}{project}开门迎客 首日接待{total}人次",
            "{project}落户{place} 总投资{sum}亿元",
        ),
        ("{month}月{day}日，位于{place}{town}的{project}正式投入使用，{organ}负责人和{fixed}个村居的居民代表到场查看。",
         "总投资{sum}亿元的{place}{project}于{month}月{day}日通过验收，首日接待{total}人次。"),
        ("{project}占地{n}亩，建筑面积{big}平方米，由{organ}牵头，分{small}个标段同时推进。",
         "为了让工程早日见效，{place}{measure}，前后协调解决用地、管线等问题{n}个。",
         "{voice}说，盼了{small}年，如今从家门口到{project}只要走{n}分钟，{effect}。",
         "项目还为{town}留出{n}个公益岗位，其中{small}个给了长期失业人员。",
         "按照设计，{project}每年可服务{big}人次，运行费用由市、县两级按{small}比{small}分担。",
         "施工期间，{town}{measure}，没有发生一起因噪声引起的投诉升级。",
         "{organ}介绍，项目用上了{n}项节能工艺，单位能耗比老设施下降{pct}%。"),
    ),
    Topic(
        ("{person}到{place}调研{project}", "{person}在{place}调研时强调 {measure}", "{person}赴{place}督导{project}建设"),
        ("{month}月{day}日，{person}到{place}调研{project}，先后走进{town}的{small}个点位，听取一线人员的意见。",
         "{person}日前率{organ}等部门赴{place}，就{project}推进情况开展调研，随机走访{n}户居民。"),
        ("在{project}现场，{person}仔细询问用料、工期和资金拨付，叮嘱{organ}把{small}道关口守牢。",
         "{person}指出，{place}近年来{measure}，{effect}，做法值得{n}个乡镇借鉴。",
         "在{town}，{person}与{voice}算起了收入账，得知去年户均增收{big}元，勉励大家再加一把劲。",
         "{person}强调，{project}不是盆景，要让{n}平方公里内的群众都用得上、用得起。",
         "针对反映集中的{small}个问题，{person}当场明确由{organ}在{n}个工作日内答复。",
         "座谈会上，{place}汇报了{month}月以来的进度，{project}累计完成投资{money}亿元，占年度计划的{pct}%。",
         "{person}还查看了{town}的值班记录，要求{measure}，遇到险情{n}分钟内到岗。"),
    ),
    Topic(
        (
            "{city}启动{year}年度{project}专项行动",
            "{year}年{city}{project}工作方案公布 涉及{place}等{fixed}地",
            "{city}出台{few}条措施支持{project}",
        ),
        ("经{city}政府同意，{organ}{month}月{day}日印发{year}年{project}工作方案，提出{few}条措施{n}项任务。",
         "记者从{organ}获悉，{city}{year}年将把{project}列为民生实事，首批在{place}等{fixed}地铺开，配套措施{few}条。"),
        ("方案明确，到{year}年底{city}建成{n}处示范点，{place}率先完成{small}处。",
         "在资金上，市级财政安排{big}万元，对{town}等偏远乡镇再上浮{pct}%。",
         "{organ}将按月通报进度，对连续{small}个月排在末位的单位进行约谈。",
         "方案鼓励{measure}，对取得实效的村居给予{n}万元奖补。",
         "针对{place}地形复杂的特点，{project}允许分{small}期验收，最迟不超过{month}月底。",
         "{voice}在听证会上建议{measure}，这一条被写进了正式文本的第{small}款。",
         "据测算，全部任务完成后可新增就业岗位{big}个，{effect}。"),
    ),
    Topic(
        ("{place}{ware}抢鲜上市 日销{total}斤", "{ware}熟了！{place}{town}迎来采收季", "{place}{ware}卖到{fixed}个省份 带动{total}户增收"),
        ("眼下正是{ware}采收的时节，{place}{town}的合作社一早就忙开了，每天发往{fixed}个省份{total}斤。",
         "{month}月{day}日，{place}{ware}产销对接会在{town}举行，现场签约{money}亿元。"),
        ("今年{place}{ware}种植面积{big}亩，预计总产{n}万斤，比去年多{pct}%。",
         "{organ}派出{n}名技术员驻点，{measure}，好果率提高到{pct}%。",
         "{voice}告诉记者，过去{ware}运出山要{small}天，现在冷链车{n}小时就能到省城。",
         "{town}还建起{ware}烘干线{small}条，等外果也能卖到每斤{money}元。",
         "为防扎堆上市，合作社按{small}个批次错峰采摘，{effect}。",
         "村里把{ware}园的边角地划成{n}块研学田，暑期已接待学生{big}人次。",
         "保险公司为{ware}开出每亩{n}元的价格险，{place}财政补贴{pct}%的保费。"),
    ),
    Topic(
        (
            "{place}遭遇强降雨 {town}转移群众{total}人",
            "{city}启动防汛四级响应 {place}降雨量达{fixed}毫米",
            "直击{place}抢险现场 {fixed}处险情全部处置",
        ),
        ("{month}月{day}日凌晨，{place}出现强降雨，{place}累计降雨{fixed}毫米，{city}随即启动防汛响应。",
         "受强对流天气影响，{place}{small}个乡镇{month}月{day}日出现短时大风，{organ}连夜调度，{fixed}处险情全部处置。"),
        ("截至{hour}时，{town}共转移群众{total}人，安置点备足棉被{n}床、药品{small}箱。",
         "{person}在指挥中心调度时要求{measure}，宁可十防九空。",
         "消防救援人员出动{n}人次、舟艇{small}艘，从{place}{town}救出被困人员{n}名。",
         "{organ}抢修队在{n}小时内恢复{small}条乡道通行，{project}未受影响。",
         "水库方面，{place}提前预泄{big}万立方米，腾出库容应对后续降雨。",
         "{voice}说，{small}名网格员挨家敲门，没有落下一户，{effect}。",
         "气象部门预计，{place}未来{n}小时仍有分散性阵雨，累计雨量{n}毫米左右。"),
    ),
    Topic(
        (
            "{city}与{host}签约 {project}引资{sum}亿元",
            "{place}举行招商推介会 {fixed}个项目落地",
            "{city}{project}合作对接会举行 {host}走进{place}",
        ),
        ("{month}月{day}日，{city}在{place}举行{project}合作对接会，{n}位{host}应邀参加。",
         "{person}{month}月{day}日出席{place}招商推介活动，与{host}就{project}交换意见。"),
        ("会上共签下{fixed}个项目，协议资金{sum}亿元，其中过亿元的有{small}个。",
         "{organ}当场发布{place}可用地块{small}宗、厂房{big}平方米，并承诺{n}天内交付。",
         "{host}表示，{city}{measure}，第一次来就看到了诚意。",
         "{person}说，{place}愿意在{project}上先行先试，对首批{small}家入驻单位免收{n}个月租金。",
         "根据协议，{project}一期将于{month}月动工，达产后年产值{money}亿元，缴税{big}万元。",
         "{place}还组建了{n}人的帮办队，{measure}，从签约到开工平均用时{n}天。",
         "随行的{voice}介绍，园区食堂、班车、宿舍一应俱全，{effect}。"),
    ),
    Topic(
        (
            "{place}学校开出{few}门新课 {total}名学生受益",
            "{city}{year}年秋季新增学位{total}个",
            "{place}{town}小学搬进新校舍 告别{fixed}年危房",
        ),
        ("新学期伊始，{place}{town}的{total}名学生告别住了{fixed}年的旧房，搬进了新教室，{organ}当天为他们送来图书{n}箱。",
         "{organ}{month}月{day}日通报，{year}年秋季{place}等地新建改扩建学校{n}所，新增学位{total}个。"),
        ("新校舍有教室{n}间、实验室{small}间，操场铺设{n}米环形跑道，总投入{big}万元。",
         "{town}{measure}，{n}名寄宿生周末往返由专车接送。",
         "{organ}选派{n}名骨干教师到{place}支教{small}年，带去戏曲、编程等课程{few}门。",
         "校医室每学期为{big}名学生做两次视力筛查，近视率比上年下降{pct}个百分点。",
         "{voice}说，食堂三餐收费{n}元，家长每周可以陪餐{small}次，{effect}。",
         "针对家庭困难的{n}名学生，{place}按每人每年{big}元发放补助。",
         "{person}走进{town}课堂听了{small}节课，嘱咐{organ}把课后服务延长到{hour}时。"),
    ),
    Topic(
        (
            "{place}医疗服务下沉 {town}卫生院能做{fixed}种手术",
            "{city}组织{fixed}名专家到{place}义诊",
            "{place}打造{fixed}分钟就医圈 {town}居民先受益",
        ),
        ("{month}月{day}日，{organ}组织{fixed}名专家到{place}{town}义诊，{big}名群众前来咨询。",
         "{place}{month}月起推行县乡村一体化就医，{town}卫生院率先开出专科门诊，能做{fixed}种手术。"),
        ("义诊当天完成彩超{n}例、心电图{n}例，筛出需要复查的居民{small}名，全部建了台账。",
         "{town}卫生院配齐{small}台设备，住院报销比例提高到{pct}%，{effect}。",
         "{organ}{measure}，慢性病药品一次可开{small}周用量，品种增加到{big}种。",
         "{voice}的母亲去年摔伤，家庭医生{n}个月上门{n}次，如今已能下地走路。",
         "急救方面，{place}新设站点{small}处，平均到达时间缩短{n}分钟。",
         "{place}还给{big}名独居老人发放呼叫手环，按下按钮{small}分钟内有人回应。",
         "据统计，{month}月{town}就诊量达{big}人次，外转病人下降{pct}%。"),
    ),
    Topic(
        (
            "{place}{project}文化周开幕 {fixed}场演出等你来",
            "第{few}届{place}{ware}文化节开幕",
            "{city}公布{year}年非遗名录 {place}{few}项入选",
        ),
        ("{month}月{day}日晚，{place}文化周在{project}旁的广场开幕，{fixed}场演出排满一周。",
         "{organ}{month}月{day}日公布一批文化惠民活动，{place}的{few}个项目列入其中。"),
        ("活动持续{n}天，安排演出{fixed}场、展览{small}个，{town}的皮影班社首次走出大山。",
         "{place}为游客开行{small}条专线，车票{n}元，末班延迟到{hour}时。",
         "{organ}{measure}，把{ware}、竹编、蓝染等{n}种手艺带到现场。",
         "{voice}带来祖传的{small}件老物件，讲了{n}年前修渠的往事，引来众人驻足。",
         "开幕当晚，{place}接待游客{big}人次，夜市摊位营业额比平日增长{pct}%。",
         "{town}把{n}间旧粮仓改成书房和茶室，{effect}。",
         "据{person}介绍，明年还将邀请{n}个县的剧团，并设{big}元的青年编剧奖。"),
    ),
    Topic(
        (
            "{place}{town}河道治理见成效 水质连续{few}个月达标",
            "{city}通报{place}生态整改进展 {fixed}个问题销号",
            "{place}新增绿地{total}平方米 {town}居民推窗见绿",
        ),
        ("{organ}{month}月{day}日通报，{place}{town}断面水质连续{few}个月稳定达标，{fixed}个问题全部销号，比考核要求提前{n}天。",
         "过去{small}年，{place}累计投入{money}亿元整治{town}沿岸，新增绿地{total}平方米，如今{effect}。"),
        ("治理中，{place}封堵排口{n}个，清淤{big}立方米，新铺管网{n}公里。",
         "{organ}{measure}，{n}名河长每周至少巡河{small}次，发现问题{n}小时内交办。",
         "{project}建成后，每天可处理污水{big}吨，出水用来浇灌{n}亩林地。",
         "{voice}说，小时候能下河摸鱼，后来水黑了{n}年，现在又敢让孩子踩水了。",
         "监测显示，{month}月{place}空气优良率为{pct}%，河里的鱼类恢复到{n}种。",
         "{town}还栽下乌桕、水杉{big}株，成活率{pct}%，由{n}户村民认养。",
         "对{small}家整改缓慢的企业，{organ}已立案，罚款合计{big}元。"),
    ),
    Topic(
        (
            "{city}政务服务再提速 {fixed}项业务就近办",
            "{place}推出{project}一件事 材料从{fixed}份减到{few}份",
            "{place}政务大厅周末不打烊 {total}人次受益",
        ),
        ("{month}月{day}日起，{city}{fixed}项高频业务下放到{place}等地办理，{town}居民不必再进城。",
         "{organ}日前在{place}试行一件事一次办，把{project}涉及的{n}个环节合成一个，已有{total}人次受益。"),
        ("改革后，{project}所需材料由{fixed}份减到{few}份，平均办理时间压缩{pct}%。",
         "{place}{measure}，大厅新设{small}个综合窗口，每天多办{n}件。",
         "{voice}原以为要跑{small}趟，没想到{n}分钟就拿到了证照，{effect}。",
         "{organ}还把{n}台自助机放进{town}的超市和药店，{hour}时以后也能打印证明。",
         "对不会用手机的老人，{town}安排帮办员{n}名，{month}月以来上门服务{big}次。",
         "系统会自动比对{small}个部门的记录，出现差错由{organ}在{n}小时内更正。",
         "第三方回访{big}人，满意率为{pct}%，意见集中在{small}个停车问题上。"),
    ),
    Topic(
        (
            "{city}发布{month}月安全生产提示 {place}被点名",
            "{place}开展{project}隐患排查 整改{fixed}处",
            "{city}曝光{few}起典型案例 涉{place}等地",
        ),
        ("{organ}{month}月{day}日通报{place}安全检查情况，{n}个检查组共走访单位{big}家。",
         "针对近期多发的风险，{organ}在{place}开展专项排查，整改隐患{fixed}处，曝光典型案例{few}起。"),
        ("检查发现问题{big}个，其中{project}周边{n}个，已当场整改{fixed}处。",
         "{place}对{small}家单位下达停业通知，责令{n}天内补齐消防设施。",
         "在{town}，检查组{measure}，把{n}条占道堆物的通道全部清空。",
         "{person}在调度会上说，{place}不能一罚了之，要帮{small}家小店找到合规的办法。",
         "{voice}报告了一处燃气软管老化，获得{n}元奖励，类似线索本月共收到{n}条。",
         "{organ}还举办{small}场演练，{big}名职工学会使用灭火器和呼吸面罩。",
         "通报提醒，{month}月雷电增多，{town}等{n}处高地作业须提前{small}小时报备。"),
    ),
)

BULLETINS = (
    Topic(
        ("{city}空气质量周报",),
        ("{year}年第{small}期：{month}月{day}日至之后一周，{city}城区优良天数为{week}天，细颗粒物平均浓度{n}微克每立方米。",),
        ("分区看，{place}平均指数{n}，同比下降{pct}%；{town}站点峰值{big}，出现在{hour}时。",
         "臭氧日最大八小时均值为{big}微克每立方米，较上周上升{pct}%，首要污染物占比{pct}%。",
         "{organ}本周检查工地{n}个，查处渣土车{n}台次，下达整改通知{small}份。",
         "重点区域中，{place}道路积尘负荷为每平方米{money}克，在{n}条监测道路中列第{small}位。",
         "预计下周扩散条件一般，指数在{n}到{big}之间，{town}北部可能出现{small}个时段的轻度污染。"),
        recurring=True,
    ),
    Topic(
        ("一周农产品价格监测",),
        ("{month}月{day}日发布：本周{city}{n}个监测点的粮油肉菜均价总体平稳，综合指数{pct}，环比变动{money}个百分点。",),
        ("猪肉每公斤{pct}元，环比下降{money}%；鸡蛋每公斤{money}元，{place}最高，为{pct}元。",
         "{n}种蔬菜均价每公斤{money}元，其中{n}种上涨，黄瓜涨幅{pct}%，菠菜跌幅{pct}%。",
         "{place}批发市场日均上市量{big}吨，比上周多{n}吨，外地货源占{pct}%。",
         "{ware}收购价每斤{money}元，{town}库存约{big}吨，预计可供应{n}天。",
         "{organ}表示，将按第{small}号预案投放储备{big}吨，保障{n}个平价摊点供应。"),
        recurring=True,
    ),
    Topic(
        ("市政府召开常务会议",),
        ("{month}月{day}日，{person}主持召开{city}政府第{n}次常务会议，研究{project}等{small}项议题。",
         "{person}{month}月{day}日主持召开{city}政府常务会议，听取{organ}关于{project}的汇报，审议{small}个文件。"),
        ("会议指出，{place}在{project}上{measure}，{n}项任务已完成{small}项，要趁热打铁。",
         "会议审议通过{year}年{project}资金安排，同意调剂{big}万元用于{town}。",
         "会议听取{organ}汇报，要求{measure}，对{n}个久拖未决的事项限期{small}个月了结。",
         "会议强调，{place}群众反映的{small}类问题关系{effect}这样的实惠，不能打折扣。",
         "会议还通报{month}月重点工作，{place}、{town}等{n}个单位得到表扬。",
         "会议决定，将{project}纳入第{small}季度督查，由{organ}每{n}天报一次进度。"),
        recurring=True,
    ),
    Topic(
        ("{person}会见{host}",),
        ("{month}月{day}日，{person}在{city}会见来访的{host}，双方就{project}和{place}的发展交换意见。",),
        ("{person}对{n}位{host}的到来表示欢迎，并介绍{place}近{small}年的变化。",
         "{person}说，{city}正在建设{project}，希望{host}发挥所长，在{town}多投一分力。",
         "{host}谈到，{small}次到访一次一个样，{place}{measure}，令人印象深刻。",
         "双方商定，{month}月下旬互派{n}人的工作组，先从{ware}加工和{small}个小项目做起。",
         "会见前，{host}参观了{place}{project}，并与{voice}交谈了{n}分钟。",
         "{organ}负责人参加会见，并就第{small}批合作清单中的{n}个事项作了说明。"),
        recurring=True,
    ),
    Topic(
        ("一周天气展望", "未来一周天气提示"),
        ("{month}月{day}日{hour}时发布：未来一周{city}有{small}次降水过程，累计雨量{n}毫米，{place}局部{n}毫米。",),
        ("{day}日前后气温下降{small}度，{place}最低{small}度，{town}山口阵风{small}级。",
         "周中以多云为主，最高气温{n}度，相对湿度{pct}%，适宜{ware}采收和晾晒。",
         "{organ}提示，{place}土壤墒情{pct}%，未来{small}天可安排灌溉{n}万亩。",
         "雷雨时段集中在{hour}时以后，{town}累计雷电可能达{big}次，请避开{n}处临水步道。",
         "地质灾害风险方面，{place}{n}个点位为黄色，值守人员每{small}小时报告一次。"),
        recurring=True,
    ),
)

SYNONYMS = (
    ("表示", "指出"), ("强调", "提出"), ("召开", "举行"), ("进行", "开展"), ("提高", "提升"), ("推进", "推动"), ("目前", "当前"),
    ("居民", "市民"),
    ("明显", "显著"), ("要求", "嘱咐"), ("介绍", "说明"), ("建成", "完工"), ("公布", "发布"), ("群众", "百姓"),
    ("负责人", "有关负责人"),
)
PREFIXES = ("权威发布丨", "要闻｜", "关注丨", "【转载】", "今日聚焦：", "重磅！", "临澜发布｜", "民生 | ")
SUFFIXES = ("（来源：临澜日报）", "丨权威发布", "（附全文）", "【临澜新闻】", " | 关注", "，速看！")
TAGS = ("#今日关注#", "#临澜身边事#", "#政务公开#", "#早安临澜#")
HEADERS = ("点击上方蓝字关注我们", "来源：临澜日报 编辑：小舟", "各位市民朋友：", "【民声直通车】", "阅读本文大约需要三分钟")
FOOTERS = (
    "— END —\n编辑：桑禾　校对：柏舟　审核：晏清\n投稿邮箱见菜单栏",
    "点个在看，转给更多的人！\n往期回顾：上周要闻一览",
    "来源：临澜日报\n声明：转载内容版权归原作者所有，如有不妥请联系删除。",
    "扫码关注，获取更多便民消息。",
)
FACES = ("[心]", "[赞]", "[微风]", "🌧", "✨", "🎉", "📢")
CHATTER = (
    "早安，{place}！今天也要元气满满。", "【防诈提醒】{town}的朋友请注意，陌生来电一律先挂断再核实。",
    "{month}月{day}日停水通知：{town}检修管道，请提前储水。",
    "晚安，{city}。你那里下雨了吗？", "转发抽奖：{n}位朋友将得到{place}{ware}一份。", "{hour}时起{town}路口实行单向通行，请绕行。",
    "直播预告：今晚{hour}时，带你看{project}。",
    "夜读：把日子过成{ware}一样，有甜有香。", "{place}美景随手拍，第{n}期作品征集开始啦！", "#微提醒#气温只有{small}度，出门添衣。",
    "最新！{organ}招录{n}名工作人员，明天截止。",
)
MARKS = ("，。；：“”", ',.;:""')
"""Punctuation that a light hand changes: what stands, and what is put there."""
