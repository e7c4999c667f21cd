"""The letter by which a sysadmin sees that letters arrive. It names no account, and nobody has to do anything. Pure."""

from __future__ import annotations

from datetime import datetime

from monitor.notify.paper import Figure, Paper, Section, as_page, as_text
from monitor.ports import Letter, ListName
from monitor.wording import minute, plain, web_link

SUBJECT = "【试发】政务新媒体监测邮件能够送达"
CITY_CAP = 40


def trial(to: str, city: str, console_url: str, now: datetime) -> Letter:
    """Return it for one address, of a person or a robot; each moment's is another letter."""
    console = web_link(console_url)
    paper = Paper(
        subject=SUBJECT,
        title=f"{plain(city, CITY_CAP)}政务新媒体监测试发信",
        date=minute(now),
        figures=(Figure("试发", "已送达", "well"),),
        lead=("这是一封试发信，由管理员运行 daemon.py check --send-to 发出，不涉及任何账号，无需办理。",),
        sections=(
            Section(
                "请核对",
                notes=(
                    "发件人显示的名称和地址是否正确，是否进了垃圾箱；",
                    "中文标题、正文是否正常，手机上和深色模式下能否看清；",
                    "下面的控制台地址能否打开。" if console else "未设置 web.public_url，正式邮件中将没有一键办理链接。",
                ),
            ),
        ),
        console=console,
    )
    page = as_page(paper)
    return Letter(
        to=to,
        number=f"trial {int(now.timestamp() * 1000)} {to}",
        subject=SUBJECT,
        text=as_text(paper),
        html=page,
        about=ListName.TROUBLE,
        short="这是一条试发消息，不涉及任何账号，无需办理。",
        kept=page,
    )
