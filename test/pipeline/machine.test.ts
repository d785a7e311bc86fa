// What is asked of a machine's report by name.
import { expect, test } from 'vitest';
import { machinePartNames } from '../../pipeline/machine/inspect.ts';
import { inspectRuntime, probeRuntime } from '../../pipeline/machine/probe.ts';
import { machineParts } from '../../pipeline/machine/report.ts';
import { describeMachine } from '../../src/machine/machine.ts';

test('TensorFlow, every runtime and every program can be asked for', () => {
  const part = (name: string) => ({ name, neededFor: '', isAvailable: false, reason: `no ${name}` });
  const parts = machineParts({
    format: 1,
    version: '1.2.3',
    machine: describeMachine(),
    tensorflow: { isAvailable: true },
    runtimes: ['cpu', 'wasm'].map((runtime) => ({ runtime, isAvailable: true, threads: 2 })),
    programs: [part('ffmpeg')],
    cache: { folder: '/cache', byteLength: 0, freeByteLength: undefined },
  });
  expect([...parts].map(([name, { isAvailable }]) => `${name} ${isAvailable}`).sort()).toEqual([
    'cpu true',
    'ffmpeg false',
    'tensorflow true',
    'wasm true',
  ]);
  expect(machinePartNames).toEqual(expect.arrayContaining(['tensorflow', 'cpu', 'wasm', 'ffmpeg', 'chromium']));
});

test('a runtime that is not there is a reason, in this process and in one of its own', async () => {
  const said = await probeRuntime('abacus');
  expect(said).toMatch(/^jepa-probe: \{"runtime":"abacus","isAvailable":false,"reason":".*got \\"abacus\\"/);
  expect(await inspectRuntime('abacus')).toEqual(JSON.parse(said.slice('jepa-probe: '.length)));
});
