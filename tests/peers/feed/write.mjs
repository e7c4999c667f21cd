// Writes one account's feed in one of the library's three formats, with the fields that wewe-rss sets: write.mjs rss2|atom1|json1
import feed from 'feed';

const home = 'http://bridge.example/feeds/MP_WXS_3290000001.rss';
const made = new feed.Feed({
  title: '青溪发布',
  description: '县政府官方号',
  id: home,
  link: home,
  language: 'zh-cn',
  copyright: '',
  updated: new Date('2026-11-20T01:35:00Z'),
  generator: 'WeWe-RSS',
  author: { name: '青溪发布' },
});
const articles = [
  ['AbCdEfGhIjKlMnOpQrStUv', '【新华社】冬季供暖 & 问答 <一>', '2026-11-19T10:30:05Z', '<p>正文</p>'],
  ['BbCdEfGhIjKlMnOpQrStUv', '同一次推送的第二条', '2026-11-19T10:30:05Z', ''],
  ['CbCdEfGhIjKlMnOpQrStUv', '前一日', '2026-11-18T00:00:00Z', '获取全文失败，请重试~'],
];
for (const [token, title, date, content] of articles) {
  const link = `https://mp.weixin.qq.com/s/${token}`;
  const image = 'https://pic.example/a/mmbiz_jpg/x/0?wx_fmt=jpeg';
  made.addItem({ id: token, guid: link, title, link, date: new Date(date), image, content });
}
process.stdout.write(made[process.argv[2]]());
