using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Experiments.Sweeps.Pruning;

/// <summary>A trial with its evaluations so far.</summary>
/// <param name="Trial">The trial.</param>
/// <param name="Evaluations">Evaluations in the order of their steps, without the one before training.</param>
internal sealed record TrialHistory(Trial Trial, IReadOnlyList<Evaluation> Evaluations)
{
    public int LastStep => Evaluations.Count == 0 ? 0 : Evaluations[^1].Step;

    /// <summary>The evaluation at a step, or null.</summary>
    public Evaluation? At(int step)
    {
        foreach (Evaluation evaluation in Evaluations)
        {
            if (evaluation.Step == step)
            {
                return evaluation;
            }
        }

        return null;
    }

    /// <summary>
    /// The evaluation at a step; of a run that stopped early before it, the last one, because it would not have been continued. Null: the
    /// run has not reached the step.
    /// </summary>
    public Evaluation? Reached(int step) =>
        Trial.Run?.EndReason == EndReason.EarlyStopped && Evaluations.Count > 0 && LastStep < step ? Evaluations[^1] : At(step);

    /// <summary>The best score up to a step; null if none was finite.</summary>
    public double? BestUntil(int step) => Evaluations.Where(evaluation => evaluation.Step <= step).Max(evaluation => evaluation.Score);
}
