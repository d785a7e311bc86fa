// A real Chromium for the tests of the page, headless: Debian's, or the one that JEPA_CHROMIUM names.
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

export const chromiumPath = process.env.JEPA_CHROMIUM ?? '/usr/bin/chromium';
export const hasChromium = existsSync(chromiumPath);

if (!hasChromium)
  process.stderr.write(
    `The page is not tested: expected Chromium at ${chromiumPath}, found none. ` +
      'Install it (apt-get install chromium), or name one in JEPA_CHROMIUM.\n',
  );

/** WebGPU in software, where there is no graphics card. */
export const softwareWebGpu: readonly string[] = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

export function launchChromium(flags: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...flags,
    ],
  });
}
