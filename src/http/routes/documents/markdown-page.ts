import { readFile } from 'node:fs/promises';
import { marked } from 'marked';
import type { App } from '../../app.ts';

/** Serves a Markdown file as a page. */
export async function addMarkdownPage(app: App, path: string, title: string, file: URL): Promise<void> {
  const html = page(title, await marked.parse(await readFile(file, 'utf8')));
  app.get(path, { schema: { hide: true } }, async (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'")
      .send(html),
  );
}

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Doorbuster</title>
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
