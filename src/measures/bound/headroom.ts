// How much of the error that a verdict bears is left, of latents beside the reference's: what a search for cheaper latents
// loses step by step.
import { type Distinctness, measureDistinctness } from '../distinctness.ts';
import type { LabelledLatents } from '../latents.ts';
import type { Verdict } from '../verdict.ts';
import { certify, latentError } from './certificate.ts';

/** Judged latents, and those that give the centroids, of the same observations in the same order everywhere. */
export interface LatentSets {
  readonly judged: LabelledLatents;
  readonly centroids: LabelledLatents;
  /** [N] of the judged, where they are frames of recorded episodes. */
  readonly episodes?: Int32Array | undefined;
  /** Whether latents have the unit scale that initialisers give. */
  readonly hasUnitScale: boolean;
}

/** What latents are worth beside the reference's. */
export interface Headroom {
  readonly verdict: Verdict;
  /** The largest error of a latent, in all of both sets. */
  readonly largestError: number;
  /** The largest error that the reference's verdict bears. */
  readonly tolerance: number;
  /** `tolerance` less `largestError`. */
  readonly margin: number;
  /** The verdict is the reference's, and `margin` is above 0. */
  readonly holds: boolean;
  /** Share of the judged observations whose class is right, and stays so under errors of this size. */
  readonly certifiedAccuracy: number;
  /** Share of the judged observations whose nearest centroid is their own class's. */
  readonly accuracy: number;
  /** Of the worst pair of classes, the share told apart. */
  readonly separation: number;
}

/** The latents that others are compared with, and what their verdict bears. */
export interface HeadroomReference {
  readonly sets: LatentSets;
  readonly measured: Distinctness;
  readonly tolerance: number;
}

export function headroomReference(sets: LatentSets): HeadroomReference {
  const measured = measureSets(sets);
  const { tolerance } = certify({ latents: sets.judged, ...measured }, 0, measured.decision.verdict);
  return { sets, measured, tolerance };
}

function measureSets({ judged, centroids, episodes, hasUnitScale }: LatentSets): Distinctness {
  return measureDistinctness({ latents: judged, centroidLatents: centroids, episodes, hasUnitScale });
}

/** What an error is of what is borne; without a look at the verdict, which takes longer. */
export function errorOf(
  { sets, measured, tolerance }: HeadroomReference,
  latents: LatentSets,
): Pick<Headroom, 'largestError' | 'tolerance' | 'certifiedAccuracy'> {
  const largestError = Math.max(
    latentError(sets.judged, latents.judged).maxDistance,
    latentError(sets.centroids, latents.centroids).maxDistance,
  );
  // The latent and both centroids may move: see certificate.ts.
  const certain = measured.centroids.margins.filter((margin) => margin > 4 * largestError).length;
  return { largestError, tolerance, certifiedAccuracy: certain / sets.judged.count };
}

export function headroom(reference: HeadroomReference, latents: LatentSets): Headroom {
  const { largestError, tolerance, certifiedAccuracy } = errorOf(reference, latents);
  const { decision, centroids, evidence } = measureSets(latents);
  const isSame = decision.verdict === reference.measured.decision.verdict;
  return {
    verdict: decision.verdict,
    largestError,
    tolerance,
    margin: tolerance - largestError,
    holds: isSame && (largestError === 0 || largestError < tolerance),
    certifiedAccuracy,
    accuracy: centroids.accuracy,
    separation: evidence.separation,
  };
}
