using LoraLab.Contracts.Runs;

namespace LoraLab.Training.Specs;

/// <summary>Steps, windows and evaluations of a run, from the contract's definitions.</summary>
/// <param name="Samples">Training sentences.</param>
/// <param name="EffectiveBatch">Sentences per window.</param>
/// <param name="Epochs">Passes over the sentences.</param>
/// <param name="MaxSteps">Stop after so many steps; null: all.</param>
/// <param name="EvalEvery">Evaluate every so many steps.</param>
public sealed record RunSchedule(int Samples, int EffectiveBatch, int Epochs, int? MaxSteps, int EvalEvery)
{
    /// <summary>Windows of an epoch: the last may be smaller.</summary>
    public int WindowsPerEpoch => (Samples + EffectiveBatch - 1) / EffectiveBatch;

    /// <summary>T: all windows of all epochs.</summary>
    public int FullSteps => checked(WindowsPerEpoch * Epochs);

    /// <summary>Steps that are taken.</summary>
    public int TotalSteps => Math.Min(FullSteps, MaxSteps ?? FullSteps);

    /// <summary>The plan of a specification over so many training sentences.</summary>
    public static RunSchedule From(RunSpec spec, int samples) => new(samples, spec.EffectiveBatch, spec.Epochs, spec.MaxSteps, spec.EvalEvery);

    /// <summary>First sentence (within the epoch's order) and number of sentences of step n, from 1.</summary>
    public (int Start, int Count) Window(int step)
    {
        int start = (step - 1) % WindowsPerEpoch * EffectiveBatch;
        return (start, Math.Min(EffectiveBatch, Samples - start));
    }

    /// <summary>Whether an evaluation follows step n; the one before training is step 0's.</summary>
    public bool EvaluatesAfter(int step) => step % EvalEvery == 0 || step == TotalSteps;

    /// <summary>Evaluations that still follow after step n.</summary>
    public int EvaluationsAfter(int step) => (TotalSteps / EvalEvery) - (step / EvalEvery) + (TotalSteps % EvalEvery == 0 ? 0 : 1);
}
