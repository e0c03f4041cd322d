import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { endAtExit } from './at-exit.ts';

/** Debian's. */
const OPENSSL = '/usr/bin/openssl';

/** Files in PEM. */
export interface ServerCertificate {
  /** Of the authority that signed it. */
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** Who signs certificates, known to nobody but the test. */
export interface CertificateAuthority {
  /** What must be trusted, in PEM. */
  readonly caFile: string;
  /** Makes a certificate for names like `DNS:localhost` and `IP:127.0.0.1`. */
  issue(...names: readonly string[]): ServerCertificate;
  remove(): Promise<void>;
}

/** Makes an authority by openssl, in a temporary folder. Its certificates are good for a day. */
export function createCertificateAuthority(): CertificateAuthority {
  const folder = mkdtempSync('/tmp/doorbuster-certificates-');
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  const forget = endAtExit(removeFolder);
  const caFile = join(folder, 'ca.crt');
  const caKeyFile = join(folder, 'ca.key');
  let issued = 0;

  /** https://docs.openssl.org/3.0/man1/openssl-req/ */
  function request(keyFile: string, certFile: string, more: readonly string[]): void {
    execFileSync(
      OPENSSL,
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
        ...['-keyout', keyFile, '-out', certFile, ...more],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
  }

  request(caKeyFile, caFile, ['-subj', '/CN=Authority of a test']);
  return {
    caFile,
    issue(...names) {
      issued += 1;
      const keyFile = join(folder, `${issued}.key`);
      const certFile = join(folder, `${issued}.crt`);
      request(keyFile, certFile, [
        ...['-CA', caFile, '-CAkey', caKeyFile],
        ...['-subj', `/CN=Server ${issued}`, '-addext', `subjectAltName=${names.join(',')}`],
      ]);
      return { caFile, certFile, keyFile };
    },
    async remove() {
      removeFolder();
      forget();
    },
  };
}
