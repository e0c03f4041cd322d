import type { App } from '../../app.ts';
import { PROBLEMS } from '../../problems.ts';
import { addMarkdownPage } from './markdown-page.ts';

const PAGE_FOLDER = new URL('../../../../docs/errors/', import.meta.url);

/** `GET /errors/{code}`: the page that a problem's `type` points to, from `docs/errors/<code>.md`. */
export async function errorPageRoutes(app: App): Promise<void> {
  for (const code of Object.keys(PROBLEMS)) {
    await addMarkdownPage(app, `/errors/${code}`, code, new URL(`${code}.md`, PAGE_FOLDER));
  }
}
