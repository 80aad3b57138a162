using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Infrastructure;

/// <summary><c>LoraLab:Predictions</c>: times of the trainer process that computes predictions.</summary>
internal sealed class PredictionOptions
{
    /// <summary>Seconds that the answer to a request may take, once the model is loaded.</summary>
    public double Seconds { get; set; } = PredictLimits.Seconds;

    /// <summary>Seconds without a request after which the process ends and frees its memory.</summary>
    public double IdleSeconds { get; set; } = 60;
}
