namespace LoraLab.Training.Adapters.Svd;

/// <summary>Descriptions of the options of methods that decompose weights.</summary>
internal static class SvdOptions
{
    /// <summary>Description of <c>svd</c>.</summary>
    public const string AlgorithmHelp = "SVD algorithm: auto is full if the smaller dimension of the "
        + "weight is at most 512, otherwise randomised.";

    /// <summary>Description of <c>svdIterations</c>.</summary>
    public const string IterationsHelp = "Power iterations of the randomized SVD.";
}
