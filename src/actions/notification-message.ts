import type { ClaimedNotification } from '../ledger/notifications.ts';

/** How a receiver wants to be told. */
export type NotificationFormat = 'json' | 'slack';

/** `ntf_…`, the same over all tries, so that a receiver can tell a repeat. */
export function notificationId({ id }: Pick<ClaimedNotification, 'id'>): string {
  return `ntf_${id.replaceAll('-', '')}`;
}

/** The body of a notification: JSON. It is made from what never changes, so it is the same at each try. */
export function notificationBody(
  notification: Pick<ClaimedNotification, 'kind' | 'incident'>,
  format: NotificationFormat,
  runbookUrl: string,
): string {
  return JSON.stringify(
    format === 'slack' ? slackMessage(notification, runbookUrl) : jsonMessage(notification, runbookUrl),
  );
}

function jsonMessage({ kind, incident }: Pick<ClaimedNotification, 'kind' | 'incident'>, runbookUrl: string) {
  const { openedAt, resolvedAt, ...rest } = incident;
  const told = kind === 'resolved' ? resolvedAt : null;
  return {
    type: `incident.${kind}`,
    timestamp: (told ?? openedAt).toISOString(),
    data: {
      incident: { ...rest, openedAt: openedAt.toISOString(), resolvedAt: told?.toISOString() ?? null, runbookUrl },
    },
  };
}

/** https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks; `text` is what Mattermost and others show. */
function slackMessage({ kind, incident }: Pick<ClaimedNotification, 'kind' | 'incident'>, runbookUrl: string) {
  const { alert, summary } = incident;
  const sign = kind === 'opened' ? ':rotating_light:' : ':white_check_mark:';
  const state = kind === 'opened' ? alert : `${alert} is over`;
  const text = `${sign} *${escapeSlack(state)}* ${escapeSlack(summary)} <${runbookUrl}|What to do>`;
  return {
    text,
    blocks: [{ type: 'section', text: { type: 'mrkdwn', text: text.slice(0, SLACK_TEXT_MAX) } }],
  };
}

/** Characters of a section's text. */
const SLACK_TEXT_MAX = 3_000;

/** https://docs.slack.dev/messaging/formatting-message-text: three characters have a meaning of their own. */
function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
