"""Values of NumPy and scikit-learn for test/evaluation/*.test.ts. Made with:

    python3 -m venv venv && venv/bin/pip install numpy scikit-learn
    venv/bin/python test/evaluation/reference.py > test/evaluation/reference.json

The latents are integers over a power of two, so that every language has the same float32 numbers.
"""

import json
import sys

import numpy
import sklearn
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.metrics import pairwise_distances, r2_score, silhouette_score
from sklearn.neighbors import NearestCentroid
from sklearn.preprocessing import StandardScaler

COUNT, SIZE, CLASSES = 60, 5, 3


def latents(offset):
    """[COUNT, SIZE] float32 around three class centres, and labels."""
    i, k = numpy.mgrid[0:COUNT, 0:SIZE].astype(numpy.int64)
    n = i + offset
    noise = ((n * 7919 + k * 104729 + n * k * 31 + n * n * 17) % 1021) - 510
    centre = numpy.where(k == i % CLASSES, 512, 0)
    return ((noise + centre) / 1024).astype(numpy.float32), numpy.arange(COUNT) % CLASSES


def entropy_rank(values, epsilon):
    p = values / values.sum() + epsilon
    p = p[p > 0]
    return float(numpy.exp(-(p * numpy.log(p)).sum()))


def two_nn(distances):
    """Facco et al. 2017, the fit through the origin with the largest tenth left out."""
    nearest = numpy.sort(distances + numpy.diag(numpy.full(len(distances), numpy.inf)), axis=1)
    mu = numpy.sort(numpy.log(nearest[:, 1] / nearest[:, 0]))
    kept = int(len(mu) * 0.9)
    y = -numpy.log(1 - numpy.arange(1, kept + 1) / len(mu))
    return float((mu[:kept] * y).sum() / (mu[:kept] ** 2).sum())


z, labels = latents(0)
other, other_labels = latents(1000)
z64, other64 = z.astype(numpy.float64), other.astype(numpy.float64)
distances = pairwise_distances(z64)
numpy.fill_diagonal(distances, 0)
upper = numpy.triu_indices(COUNT, 1)
without_self = distances + numpy.diag(numpy.full(COUNT, numpy.inf))
classifier = NearestCentroid().fit(other64, other_labels)
pca = PCA().fit(z64)
centred = z64 - z64.mean(axis=0)
eigenvalues = numpy.linalg.eigvalsh(centred.T @ centred)
scaler = StandardScaler().fit(other64)
target = numpy.stack([other64[:, 0] ** 2 + other64[:, 1], other64[:, 2] * other64[:, 3]], axis=1)
truth = numpy.stack([z64[:, 0] ** 2 + z64[:, 1], z64[:, 2] * z64[:, 3]], axis=1)
ridge = Ridge(alpha=1e-3 * COUNT).fit(scaler.transform(other64), target)
predictions = ridge.predict(scaler.transform(z64))

json.dump(
    {
        "versions": {"numpy": numpy.__version__, "scikit-learn": sklearn.__version__},
        "shape": [COUNT, SIZE, CLASSES],
        "firstLatent": z[0].tolist(),
        "meanDistance": float(distances[upper].mean()),
        "standardDeviations": z64.std(axis=0).tolist(),
        "nearestNeighbourAccuracy": float((labels[without_self.argmin(axis=1)] == labels).mean()),
        "nearestCentroidAccuracy": float(classifier.score(z64, labels)),
        "silhouette": float(silhouette_score(z64, labels)),
        "singularValues": numpy.linalg.svd(z64, compute_uv=False).tolist(),
        "centredSingularValues": numpy.linalg.svd(centred, compute_uv=False).tolist(),
        "effectiveRank": entropy_rank(numpy.linalg.svd(centred, compute_uv=False), 0),
        "effectiveRankUncentred": entropy_rank(numpy.linalg.svd(z64, compute_uv=False), 0),
        "rankMe": entropy_rank(numpy.linalg.svd(z64, compute_uv=False), 1e-7),
        "participationRatio": float(eigenvalues.sum() ** 2 / (eigenvalues**2).sum()),
        "explainedVariance": pca.explained_variance_ratio_.tolist(),
        "absoluteComponents": numpy.abs(pca.components_).tolist(),
        "absoluteProjectionOfFirst": numpy.abs(pca.transform(z64)[0]).tolist(),
        "intrinsicDimension": two_nn(distances),
        "ridgePredictionsOfFirst": predictions[0].tolist(),
        "ridgeScore": float(r2_score(truth, predictions)),
    },
    sys.stdout,
    indent=2,
)
print()
