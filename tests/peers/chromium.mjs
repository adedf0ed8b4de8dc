// The browser of the drivers: Debian's Chromium with a profile of its own, which is removed at the end.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

/** Starts it without a window; `options` are Playwright's. */
export function launch(options) {
  const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
  if (!executablePath) {
    process.stderr.write('Chromium is not installed: run ./test, which installs it\n');
    process.exit(1);
  }
  const profile = mkdtempSync(join(tmpdir(), 'xmppscope-chromium-'));
  process.on('exit', () => rmSync(profile, { recursive: true, force: true }));
  return chromium.launchPersistentContext(profile, { executablePath, headless: true, ...options });
}
