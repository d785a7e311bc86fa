// What a native TensorFlow is made of on each platform: which wheel, which files of it, and how they are named.
// Hashes, sizes and entry names were read from PyPI's files, all three; only the one for Linux x64 was run.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { cacheRoot } from '../../machine/cache-folder.ts';
import { tfjsNodePackage } from '../../machine/optional-package.ts';
import type { WheelFile } from '../../machine/pip.ts';

/** Node-API's level that the binding is compiled for; 8 is in every Node that we support. */
export const napiVersion = 8;

export interface Wheel extends WheelFile {
  /** Bytes of the two libraries. */
  readonly unpackedByteLength: number;
  /** Entries that stay: the two libraries. */
  readonly libraries: readonly string[];
  /** The oldest glibc it runs on, on Linux. */
  readonly glibc: string | undefined;
}

const linuxLibraries = ['tensorflow/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_framework.so.2'];
const macLibraries = ['tensorflow/libtensorflow_cc.2.dylib', 'tensorflow/libtensorflow_framework.2.dylib'];

/** Folders of headers that the binding's two sources reach, as prefixes of wheel entries. */
export const headerFolders: readonly string[] = [
  'tensorflow/include/tensorflow/c/',
  'tensorflow/include/tensorflow/core/platform/',
  'tensorflow/include/tsl/',
  'tensorflow/include/xla/tsl/',
  'tensorflow/include/external/local_tsl/',
];

// TensorFlow 2.9's wheels keep the C API in a library that needs Python; 2.21 exports it from libtensorflow_cc.
const common = { version: '2.21.0', pythonVersion: '3.11', offline: 'run jepa setup --wheel FILE' };
const wheels: Readonly<Record<string, Wheel>> = {
  'linux-x64': {
    ...common,
    project: 'tensorflow-cpu',
    platformTag: 'manylinux_2_27_x86_64',
    sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
    byteLength: 273_829_956,
    unpackedByteLength: 788_086_608 + 65_222_328,
    libraries: linuxLibraries,
    glibc: '2.27',
  },
  'linux-arm64': {
    ...common,
    project: 'tensorflow',
    platformTag: 'manylinux_2_27_aarch64',
    sha256: '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c',
    byteLength: 281_828_020,
    unpackedByteLength: 814_885_544 + 68_176_664,
    libraries: linuxLibraries,
    glibc: '2.27',
  },
  'darwin-arm64': {
    ...common,
    project: 'tensorflow',
    platformTag: 'macosx_12_0_arm64',
    sha256: '51f46f4806139d01fc7920cc72a4c75876f80649bf40ff083ab6212ceb43ca88',
    byteLength: 223_405_849,
    unpackedByteLength: 691_352_648 + 49_452_976,
    libraries: macLibraries,
    glibc: undefined,
  },
};

/** The wheel for a platform, or undefined where TensorFlow publishes none that we can use. */
export function wheelFor(platform: string = process.platform, arch: string = process.arch): Wheel | undefined {
  return wheels[`${platform}-${arch}`];
}

/** The cache folder of a library out of a wheel; its key changes with anything that changes the result. */
export function wheelFolder(wheel: Wheel, root: string = cacheRoot()): string {
  const key = recipeKey([tfjsNodePackage.version, String(napiVersion), wheel.sha256]);
  return join(root, `tensorflow-${wheel.version}-${process.platform}-${process.arch}-${key}`);
}

/** The library that tfjs-node 4.22's own installer brings. */
export const installerTensorFlowVersion = '2.9.1';

/** The cache folder of a library that tfjs-node's own installer brought. */
export function installerFolder(root: string = cacheRoot()): string {
  const key = recipeKey([tfjsNodePackage.version, 'installer']);
  return join(root, `tensorflow-${installerTensorFlowVersion}-${process.platform}-${process.arch}-${key}`);
}

function recipeKey(parts: readonly string[]): string {
  return createHash('sha256')
    .update(['2', ...parts].join('\n'))
    .digest('hex')
    .slice(0, 8);
}
