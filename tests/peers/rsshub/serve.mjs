// Runs RSSHub on a free port of the loopback and writes the port into the file named: serve.mjs PORT_FILE
// Its own routes are all there. Those under /offline hand our items to RSSHub's own pipeline, in the shape its routes to the platforms give them.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

const home = new URL('./node_modules/rsshub/dist-lib/', import.meta.url);
const { init, registerRoute } = await import(new URL('pkg.mjs', home));
const wishes = { CACHE_TYPE: 'memory', NO_LOGFILES: 'true' };
await init(wishes);
// As a package it answers with raw items; as a server, which is what we want, with feeds and error pages.
await init({ ...wishes, IS_PACKAGE: '' });
const [, name] = /import\("\.\/(app-[^"]+)"\)/.exec(readFileSync(new URL('pkg.mjs', home), 'utf8'));
const { default: app } = await import(new URL(name, home));
const { serve } = await import('@hono/node-server');

const weibo = (uid) => `https://weibo.com/${uid}/`;
const quoted =
  '转发微博<br><blockquote> - 转发 <a href="https://weibo.com/6100000002" target="_blank">@省政府发布</a>: 【冬季供暖今日启动】各地按时供暖' +
  '<br><small>原博：<a href="https://weibo.com/6100000002/QeguI0070" target="_blank">https://weibo.com/6100000002/QeguI0070</a></small></blockquote>';

const routes = {
  '/weibo/user/:uid/:routeParams?': (ctx) => {
    const own = weibo(ctx.req.param('uid'));
    return {
      title: '青溪发布的微博',
      link: own,
      description: '县政府官方号',
      image: 'https://pic.example/a.jpg',
      allowEmpty: true,
      item: [
        {
          title: '转发微博 - 转发 @省政府发布:&ensp;【冬季供暖今日启动】各地按时供暖',
          description: quoted,
          link: `${own}QeguI0075`,
          guid: `${own}QeguI0075`,
          pubDate: new Date('2026-11-19T10:30:05+08:00'),
          author: '青溪发布',
          category: ['供暖'],
        },
        {
          title: '通知 & 提示',
          description: '通知 &amp; 提示<br>第二行',
          link: `${own}QeguI0070`,
          guid: `${own}QeguI0070`,
          pubDate: new Date('2026-11-18T10:30:05+08:00'),
          author: '青溪发布',
        },
      ],
    };
  },
  '/toutiao/user/token/:token': (ctx) => ({
    title: '青溪发布的头条主页 - 今日头条(www.toutiao.com)',
    link: `https://www.toutiao.com/c/user/token/${ctx.req.param('token')}/`,
    item: ['article', 'w', 'video'].map((kind, index) => ({
      title: `${kind}`,
      description: '摘要',
      link: `https://www.toutiao.com/${kind}/757000000000000010${index}/`,
      pubDate: new Date(Date.UTC(2026, 10, 19, 10 - index)),
      author: '青溪发布',
    })),
  }),
  '/empty': () => ({ title: '青溪发布的微博', link: weibo('6100000001'), allowEmpty: true, item: [] }),
  '/expired': () => {
    throw new Error('Cookies expired. Please update WEIBO_COOKIES');
  },
  '/refused': () => {
    throw new TypeError("Cannot read properties of undefined (reading 'userInfo')");
  },
};
for (const [path, handler] of Object.entries(routes)) {
  await registerRoute('offline', { path, name: path, maintainers: [], example: '/offline', handler: async (ctx) => handler(ctx) });
}

serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => {
  const file = process.argv[2];
  writeFileSync(`${file}.new`, String(port));
  renameSync(`${file}.new`, file);
});
