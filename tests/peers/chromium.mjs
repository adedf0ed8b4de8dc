// The browser of the drivers: Debian's Chromium with a profile of its own, which is removed at the end.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

/** Starts it without a window; `options` are Playwright's. It trusts the CA in the file `ca`, too. */
export function launch({ ca, ...options }) {
  const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
  if (!executablePath) {
    process.stderr.write('Chromium is not installed: run ./test, which installs it\n');
    process.exit(1);
  }
  const profile = mkdtempSync(join(tmpdir(), 'xmppscope-chromium-'));
  process.on('exit', () => rmSync(profile, { recursive: true, force: true }));
  if (ca) {
    const known = join(profile, '.pki/nssdb');
    mkdirSync(known, { recursive: true });
    const certutil = (...words) => execFileSync('certutil', ['-d', `sql:${known}`, ...words], { stdio: 'inherit' });
    certutil('-N', '--empty-password');
    certutil('-A', '-n', 'ca', '-t', 'C,,', '-i', ca);
  }
  const env = ca ? { ...process.env, HOME: profile } : process.env;
  return chromium.launchPersistentContext(profile, { executablePath, headless: true, env, ...options });
}
