using LoraLab.Contracts.Runs;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Training.Memory;

/// <summary>
/// Holds a run to its memory budget before it trains. The estimate ends it before its weights are loaded where it is above the budget by
/// more than it can be wrong; nearer than that, and where the estimate missed something, the probe decides.
/// </summary>
/// <param name="outlook">What is known of its memory.</param>
internal sealed class MemoryBudgetCheck(MemoryForecast outlook)
{
    /// <summary>Most by which the estimate was seen to differ from the measured peak, as a share of it.</summary>
    private const double Uncertainty = 0.1;

    /// <summary>Ends a run that certainly does not fit.</summary>
    /// <exception cref="RunFailure">It does not.</exception>
    public void RequireEstimate()
    {
        MemoryEstimate estimate = outlook.Estimate;
        if (estimate.TotalMb > estimate.BudgetMb * (1 + Uncertainty))
        {
            throw Over(outlook.Suggestions());
        }
    }

    /// <summary>Whether a measured peak is within the budget; one that could not be measured is.</summary>
    public bool Holds(double? measuredMb) => !(measuredMb > outlook.Estimate.BudgetMb);

    /// <summary>Ends a run whose largest window took more than the budget.</summary>
    /// <exception cref="RunFailure">It did.</exception>
    public void RequireProbe(double? measuredMb)
    {
        MemoryEstimate estimate = outlook.Estimate;
        if (measuredMb is double measured && !Holds(measured))
        {
            throw Over(
                outlook.Suggestions(Math.Max(1, measured / estimate.TrainingMb)),
                FormattableString.Invariant($"The gradient of the run's largest window took {measured:F0} MiB"));
        }
    }

    private RunFailure Over(IReadOnlyList<RunSuggestion> suggestions, string? needs = null) =>
        new(EndReason.BudgetExceeded, MemoryAdvice.Sentence(outlook.Estimate, suggestions, needs), "memoryBudgetMb") { Suggestions = suggestions };
}
