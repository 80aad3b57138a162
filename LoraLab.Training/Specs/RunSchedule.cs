using LoraLab.Contracts.Runs;

namespace LoraLab.Training.Specs;

/// <summary>The optimizer steps, windows and evaluations of a run.</summary>
/// <param name="Samples">Training sentences.</param>
/// <param name="EffectiveBatch">Sentences per window.</param>
/// <param name="Epochs">Epochs over the sentences.</param>
/// <param name="MaxSteps">Steps after which to stop; null: all are taken.</param>
/// <param name="EvalEvery">Steps between evaluations.</param>
public sealed record RunSchedule(int Samples, int EffectiveBatch, int Epochs, int? MaxSteps, int EvalEvery)
{
    /// <summary>Windows per epoch; the last may be smaller.</summary>
    public int WindowsPerEpoch => (Samples + EffectiveBatch - 1) / EffectiveBatch;

    /// <summary>T, the windows of all epochs.</summary>
    public int FullSteps => checked(WindowsPerEpoch * Epochs);

    /// <summary>Steps to take, limited by <see cref="MaxSteps"/>.</summary>
    public int TotalSteps => Math.Min(FullSteps, MaxSteps ?? FullSteps);

    /// <summary>Returns the schedule of a specification over <paramref name="samples"/> training sentences.</summary>
    public static RunSchedule From(RunSpec spec, int samples) =>
        new(samples, spec.EffectiveBatch, spec.Epochs, spec.MaxSteps, spec.EvalEvery);

    /// <summary>Returns the first sentence (in the epoch's order) and the number of sentences of step n, from 1.</summary>
    public (int Start, int Count) Window(int step)
    {
        int start = (step - 1) % WindowsPerEpoch * EffectiveBatch;
        return (start, Math.Min(EffectiveBatch, Samples - start));
    }

    /// <summary>Whether an evaluation follows step n; step 0 has the evaluation before training.</summary>
    public bool EvaluatesAfter(int step) => step % EvalEvery == 0 || step == TotalSteps;

    /// <summary>Number of evaluations that follow step n.</summary>
    public int EvaluationsAfter(int step) => (TotalSteps / EvalEvery) - (step / EvalEvery) + (TotalSteps % EvalEvery == 0 ? 0 : 1);
}
