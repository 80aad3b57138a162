using LoraLab.Contracts.Runs;
using LoraLab.Training.Training.Optimization;

namespace LoraLab.Training.Training.Fingerprints;

/// <summary>Computes the fingerprint of a run.</summary>
public static class Fingerprint
{
    /// <summary>Returns the fingerprint before the first step; <see cref="After"/> adds consumed rows and the paper's figures.</summary>
    /// <param name="run">The run.</param>
    /// <param name="model">Hashes of the model's files.</param>
    /// <param name="start">Fingerprint of the initial factors from an earlier attempt; null: it is computed.</param>
    public static RunFingerprint Of(PreparedRun run, ModelFingerprint model, AdapterFingerprint? start)
    {
        return new()
        {
            Model = model,
            Prompt = run.Data.PromptFingerprint(),
            Training = run.Data.TrainingFingerprint(),
            Evaluation = run.Data.EvaluationFingerprint(),
            Adapter = start ?? new()
            {
                Svd = [.. run.Adapters.Select(adapter => adapter.Svd).OfType<string>().Distinct().Order(StringComparer.Ordinal)],
                InitialSha256 = AdapterHash.Of(run.Tensors),
                Calibration = run.Calibration,
            },
            Environment = run.Environment,
        };
    }

    /// <summary>Returns the fingerprint after some steps.</summary>
    /// <param name="before">The fingerprint so far.</param>
    /// <param name="run">The run.</param>
    /// <param name="consumed">The rows consumed.</param>
    /// <param name="scaler">The loss scaler.</param>
    /// <param name="finished">Whether all steps are done, so that the factors are final.</param>
    /// <param name="bestStep">Step of the best evaluation so far; null: none, or not known.</param>
    public static RunFingerprint After(
        RunFingerprint before, PreparedRun run, ConsumedRows consumed, LossScaler scaler, bool finished, int? bestStep = null)
    {
        TrainingFingerprint training = before.Training with
        {
            Steps = consumed.Steps,
            ConsumedTokens = consumed.Tokens,
            ConsumedSha256 = consumed.Sha256,
            LossScale = scaler.Scale,
            Overflows = scaler.Overflows,
        };
        RunFingerprint after = before with
        {
            Training = training,
            Adapter = before.Adapter with { FinalSha256 = finished ? AdapterHash.Of(run.Tensors) : null, BestStep = bestStep },
        };
        return after with { Paper = run.Data.PaperFigures(after, finished) };
    }
}
