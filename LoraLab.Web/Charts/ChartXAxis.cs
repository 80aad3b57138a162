namespace LoraLab.Web.Charts;

/// <summary>What curves are drawn over.</summary>
public enum ChartXAxis
{
    /// <summary>Optimizer steps.</summary>
    Steps,

    /// <summary>Training tokens.</summary>
    Tokens,

    /// <summary>Training time in seconds, without evaluation and loading.</summary>
    Seconds,
}
