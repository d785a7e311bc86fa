// Settings of the playground: what an address keeps, and that every one is a configuration that `jepa train` takes.
import { describe, expect, test } from 'vitest';
import { parseConfiguration } from '../../../src/training/configuration.ts';
import {
  configurationOf,
  defaultSetting,
  hasObjective,
  isKnobOf,
  knobChoices,
  knobs,
  readPlace,
  readSettings,
  type Setting,
  withKnob,
  writeSettings,
} from '../../../web/play/setting.ts';
import { stories } from '../../../web/play/story.ts';

/** The default with one knob at one of its choices, for every choice of every knob. */
const settings: Setting[] = knobs.flatMap((knob) =>
  knobChoices[knob].map((choice) => withKnob(defaultSetting, knob, String(choice))),
);

describe('settings of the playground', () => {
  test('are read from the address that they were written to, alone and in pairs', () => {
    for (const setting of settings) {
      expect(readSettings(`?${writeSettings([setting, defaultSetting])}`)).toEqual([setting, defaultSetting]);
      expect(readSettings(`?${writeSettings([defaultSetting, setting])}`)).toEqual([defaultSetting, setting]);
      expect(readSettings(`?${writeSettings([setting])}`) ?? [defaultSetting]).toEqual([setting]);
    }
    expect(readSettings('')).toBeUndefined();
    expect(readSettings('?step=20')).toBeUndefined();
    expect(String(writeSettings([defaultSetting]))).toBe('');
  });

  test('refuse what is no choice, by the name of the knob', () => {
    expect(() => readSettings('?latent=3')).toThrow('?latent: expected one of 2, 4, 8, 16, 32, got "3"');
    expect(() => readSettings('?compare=1&b.world=moon')).toThrow('?world: expected one of counting, line, rooms');
  });

  test('say what computes beside them, WebAssembly unless an address asks for WebGPU', () => {
    expect(['', '?latent=4', '?on=webgpu'].map(readPlace)).toEqual(['wasm', 'wasm', 'webgpu']);
    expect(() => readPlace('?on=gpu')).toThrow('?on: expected wasm or webgpu, got "gpu"');
  });

  test('are configurations of runs as they stand', () => {
    for (const setting of [...settings, ...stories.flatMap((story) => story.settings)]) {
      const configuration = configurationOf(setting);
      expect(parseConfiguration('setting', configuration)).toEqual(configuration);
    }
  });

  test('know when nothing is trained, and which knobs change nothing', () => {
    const off = { ...defaultSetting, dynamics: 0 };
    expect([off, { ...off, auxiliary: 'none' as const }].map(hasObjective)).toEqual([true, false]);
    expect(isKnobOf('target', defaultSetting)).toBe(true);
    expect(isKnobOf('target', { ...defaultSetting, world: 'line' })).toBe(false);
    expect(isKnobOf('target', { ...defaultSetting, auxiliary: 'projection' })).toBe(false);
  });

  test('no two stories show the same', () => {
    expect(new Set(stories.map((story) => JSON.stringify(story.settings))).size).toBe(stories.length);
  });
});
