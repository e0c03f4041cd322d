import { styleText } from 'node:util';

/** What a newcomer sees after the start: where things are and what to try next. `program` is how it is called here. */
export function welcome(
  program: string,
  { url, metricsUrl, operatorEmail }: { url: string; metricsUrl: string | undefined; operatorEmail: string },
): string {
  const heading = (text: string) => styleText('bold', text);
  const command = (text: string) => styleText('cyan', text);
  return `
${heading('Where to go')}
  API            ${url}/api/v1
  API reference  ${url}/reference
  Sales          ${url}/api/v1/sales
  Health         ${url}/health/ready
  Metrics        ${metricsUrl ?? 'not served, see METRICS_PORT'}

${heading('Get a token')} (the operator of this development engine)
  ${command(`curl -s ${url}/api/v1/sessions -H 'Content-Type: application/json' \\
    -d '{"email":"${operatorEmail}","password":"doorbuster-development"}'`)}

${heading('Try next')}, in another terminal
  ${command(`${program} rush`)}    2,000 buyers press "buy" at once; the verdict tells whether all was right

Ctrl-C stops the engine. What it took is kept in its data folder.

`;
}
