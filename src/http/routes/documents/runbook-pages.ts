import { ALERT_NAMES } from '../../../domain/alert-rules.ts';
import type { App } from '../../app.ts';
import { addMarkdownPage } from './markdown-page.ts';

const PAGE_FOLDER = new URL('../../../../docs/runbook/', import.meta.url);

/** The engine cannot tell that its ledger is away where incidents are kept; Prometheus can. */
const PAGES = [...ALERT_NAMES, 'ledger-away'];

/** `GET /runbook/{alert}`: what to do about an alert, from `docs/runbook/<alert>.md`. Notifications link there. */
export async function runbookPageRoutes(app: App): Promise<void> {
  for (const alert of PAGES) {
    await addMarkdownPage(app, `/runbook/${alert}`, alert, new URL(`${alert}.md`, PAGE_FOLDER));
  }
}
