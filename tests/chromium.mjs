// Chromium, and pages that keep what they complain of.
import { createRequire } from 'node:module';

const { chromium } = createRequire(new URL('../npm/package.json', import.meta.url))('playwright-core');

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium' });
}

/** A fresh page; `faults` are its uncaught errors and what it logs as an error or a warning. */
export async function newPage(browser) {
  const page = await browser.newPage();
  page.setDefaultTimeout(45_000);
  const faults = [];
  page.on('pageerror', error => faults.push(error.message));
  page.on('console', message => {
    if (['error', 'warning'].includes(message.type())) faults.push(message.text());
  });
  return { page, faults };
}
