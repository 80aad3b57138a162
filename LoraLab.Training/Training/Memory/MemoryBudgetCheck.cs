using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Training.Memory;

/// <summary>
/// Checks the memory budget before a run trains. A run whose estimate exceeds the budget by more than the estimate's error ends before
/// its weights are loaded; otherwise the probe decides, which also measures what the estimate missed.
/// </summary>
/// <param name="forecast">Forecast of the run's memory.</param>
internal sealed class MemoryBudgetCheck(MemoryForecast forecast)
{
    /// <summary>Largest observed error of the estimate, relative to the measured peak.</summary>
    public const double Uncertainty = 0.1;

    /// <summary>Ends a run that certainly exceeds the budget.</summary>
    /// <exception cref="RunFailure">The estimate exceeds the budget by more than its error.</exception>
    public void RequireEstimate()
    {
        MemoryEstimate estimate = forecast.Estimate;
        if (estimate.TotalMb > estimate.BudgetMb * (1 + Uncertainty))
        {
            throw Exceeded(forecast.Suggestions());
        }
    }

    /// <summary>Whether a measured peak is within the budget; true if it could not be measured.</summary>
    public bool IsWithinBudget(double? measuredMb) => !(measuredMb > forecast.Estimate.BudgetMb);

    /// <summary>Ends a run whose largest window exceeded the budget.</summary>
    /// <exception cref="RunFailure">The measured peak exceeds the budget.</exception>
    public void RequireProbe(double? measuredMb)
    {
        MemoryEstimate estimate = forecast.Estimate;
        if (measuredMb is double measured && !IsWithinBudget(measured))
        {
            throw Exceeded(
                forecast.Suggestions(Math.Max(1, measured / estimate.TrainingMb)),
                $"The gradient of the run's largest window needs {NumberFormat.Mebibytes(measured)}");
        }
    }

    private RunFailure Exceeded(IReadOnlyList<RunSuggestion> suggestions, string? needs = null) =>
        new(EndReason.BudgetExceeded, forecast.Message(suggestions, needs), "memoryBudgetMb")
        {
            Suggestions = suggestions,
        };
}
