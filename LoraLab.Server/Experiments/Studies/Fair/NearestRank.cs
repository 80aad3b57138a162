namespace LoraLab.Server.Experiments.Studies.Fair;

/// <summary>The rank at which a method has as many trainable parameters as the others.</summary>
internal static class NearestRank
{
    /// <summary>
    /// The rank whose trainable parameters are nearest the budget; of several equally near, the smallest. Null: no rank is allowed.
    /// </summary>
    /// <param name="parameters">Trainable parameters at the ranks 1, 2, 3 …; null at a rank that is not allowed.</param>
    /// <param name="budget">The trainable parameters to come nearest to.</param>
    public static int? Of(IReadOnlyList<long?> parameters, long budget)
    {
        int? nearest = null;
        for (int rank = 1; rank <= parameters.Count; rank++)
        {
            if (parameters[rank - 1] is long count
                && (nearest is not int best || Math.Abs(count - budget) < Math.Abs(parameters[best - 1]!.Value - budget)))
            {
                nearest = rank;
            }
        }

        return nearest;
    }
}
