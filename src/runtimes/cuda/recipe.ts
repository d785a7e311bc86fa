// What a CUDA provider for onnxruntime-node is made of: the provider libraries of the wheel onnxruntime-gpu of the same
// version, and NVIDIA's wheels of CUDA 13.0 and cuDNN 9, which that wheel was built for and asks for.
// Hashes and sizes were read from PyPI; the oldest CUDA 13 serves the most drivers.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { cacheRoot } from '../../machine/cache-folder.ts';
import { onnxruntimeNodePackage } from '../../machine/optional-package.ts';
import type { WheelFile } from '../../machine/pip.ts';

export interface CudaRecipe {
  /** In the order of the download: the small and the decisive first. */
  readonly wheels: readonly WheelFile[];
  /** Bytes that must be free beside the wheels: the unpacked libraries. An estimate, rounded up. */
  readonly unpackedByteLength: number;
}

/** The library that an NVIDIA driver brings, and nothing else does. */
export const driverLibrary = 'libcuda.so.1';

/** What onnxruntime itself loads, from the folder of libonnxruntime. */
export const providerLibraries = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'] as const;

/** What the provider loads, with the project that has it: first what it is linked to, then what it opens when needed. */
export const cudaLibraries: readonly { readonly library: string; readonly project: string }[] = [
  { library: 'libcudart.so.13', project: 'nvidia-cuda-runtime' },
  { library: 'libcublasLt.so.13', project: 'nvidia-cublas' },
  { library: 'libcublas.so.13', project: 'nvidia-cublas' },
  { library: 'libcurand.so.10', project: 'nvidia-curand' },
  { library: 'libcudnn.so.9', project: 'nvidia-cudnn-cu13' },
  { library: 'libcufft.so.12', project: 'nvidia-cufft' },
  { library: 'libnvrtc.so.13', project: 'nvidia-cuda-nvrtc' },
  { library: 'libnvJitLink.so.13', project: 'nvidia-nvjitlink' },
];

const shared = {
  pythonVersion: '3.11',
  offline: 'name its folder in PIP_FIND_LINKS',
};

export const cudaRecipe: CudaRecipe = {
  wheels: [
    {
      ...shared,
      project: 'onnxruntime-gpu',
      version: onnxruntimeNodePackage.version,
      platformTag: 'manylinux_2_28_x86_64',
      sha256: '4fbf0c5d7b5fb99266c2e8a802e3e64af68bdc383e0f3c7349b985f1087eedaa',
      byteLength: 246_658_419,
    },
    {
      ...shared,
      project: 'nvidia-cuda-runtime',
      version: '13.0.96',
      platformTag: 'manylinux2014_x86_64',
      sha256: '7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548',
      byteLength: 2_243_632,
    },
    {
      ...shared,
      project: 'nvidia-nvjitlink',
      version: '13.0.88',
      platformTag: 'manylinux2014_x86_64',
      sha256: '13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b',
      byteLength: 40_713_933,
    },
    {
      ...shared,
      project: 'nvidia-curand',
      version: '10.4.0.35',
      platformTag: 'manylinux_2_27_x86_64',
      sha256: '1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc',
      byteLength: 59_544_258,
    },
    {
      ...shared,
      project: 'nvidia-cuda-nvrtc',
      version: '13.0.88',
      platformTag: 'manylinux2014_x86_64',
      sha256: 'ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575',
      byteLength: 90_215_200,
    },
    {
      ...shared,
      project: 'nvidia-cufft',
      version: '12.0.0.61',
      platformTag: 'manylinux2014_x86_64',
      sha256: '6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3',
      byteLength: 214_085_489,
    },
    {
      ...shared,
      project: 'nvidia-cudnn-cu13',
      version: '9.15.1.9',
      platformTag: 'manylinux_2_27_x86_64',
      sha256: 'ebc9a647918df0d7298d67cfaf41579fd4c78ead9aba246f5ad9414d61b9ec4c',
      byteLength: 351_298_418,
    },
    {
      ...shared,
      project: 'nvidia-cublas',
      version: '13.1.2.11',
      platformTag: 'manylinux_2_27_x86_64',
      sha256: 'e1ad7b57879088bc79e31cc172891a64332f76ae733084d4aaaaa65499b9b3de',
      byteLength: 423_122_711,
    },
  ],
  unpackedByteLength: 3e9,
};

export function downloadByteLength({ wheels }: CudaRecipe): number {
  return wheels.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** Where the file of a wheel's entry goes, below the folder of libonnxruntime; undefined for what is not needed. */
export function placeLibrary(entry: string): string | undefined {
  const name = entry.slice(entry.lastIndexOf('/') + 1);
  if (entry === `onnxruntime/capi/${name}`) return providerLibraries.find((each) => each === name);
  return /^nvidia\/(?:[^/]+\/)+lib\/lib[^/]+\.so(?:\.\d+)*$/.test(entry) ? name : undefined;
}

/** The cache folder of a provider; its key changes with anything that changes the result. */
export function cudaFolder(recipe: CudaRecipe = cudaRecipe, root: string = cacheRoot()): string {
  const hash = createHash('sha256').update(['1', ...recipe.wheels.map((wheel) => wheel.sha256)].join('\n'));
  return join(root, `onnxruntime-node-${onnxruntimeNodePackage.version}-cuda13-${hash.digest('hex').slice(0, 8)}`);
}
