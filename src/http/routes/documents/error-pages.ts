import { readFile } from 'node:fs/promises';
import { marked } from 'marked';
import type { App } from '../../app.ts';
import { PROBLEMS } from '../../problems.ts';

const PAGE_FOLDER = new URL('../../../../docs/errors/', import.meta.url);

/** `GET /errors/{code}`: the page that a problem's `type` points to, from `docs/errors/<code>.md`. */
export async function errorPageRoutes(app: App): Promise<void> {
  for (const code of Object.keys(PROBLEMS)) {
    const html = page(code, await marked.parse(await readFile(new URL(`${code}.md`, PAGE_FOLDER), 'utf8')));
    app.get(`/errors/${code}`, { schema: { hide: true } }, async (_request, reply) =>
      reply
        .type('text/html; charset=utf-8')
        .header('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'")
        .send(html),
    );
  }
}

function page(code: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${code} · Doorbuster</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 16px/1.6 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem; }
  code, pre { font: 14px/1.5 ui-monospace, monospace; background: color-mix(in srgb, currentColor 8%, transparent); border-radius: 4px; }
  code { padding: 0 .25em; } pre { padding: 1rem; overflow-x: auto; } pre code { background: none; padding: 0; }
  table { border-collapse: collapse; } th, td { padding: .3rem .8rem; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); text-align: left; }
</style>
</head>
<body>
${content}
</body>
</html>
`;
}
