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

    /// <summary>The best score up to a step; null if none was finite.</summary>
    public double? BestUntil(int step) => Evaluations.Where(evaluation => evaluation.Step <= step).Max(evaluation => evaluation.Score);
}
