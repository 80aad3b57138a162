using LoraLab.Contracts.Runs;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Catalog;
using LoraLab.Training.Tasks;

namespace LoraLab.Training.Training.Memory;

/// <summary>Estimates the memory of a run from its specification: its own windows, packed as in training, on this device.</summary>
/// <param name="models">Models by name.</param>
/// <param name="datasets">Datasets by name.</param>
public sealed class RunMemory(ModelCatalog models, DatasetCatalog datasets)
{
    /// <summary>Estimates a validated specification, with advice if it exceeds its budget.</summary>
    /// <exception cref="RunFailure">Model, data or device cannot be used.</exception>
    public MemoryEstimate Estimate(RunSpec spec)
    {
        using RunData rows = RunData.Read(spec, models, datasets);
        MemoryForecast forecast = new(spec, rows, usesDevice: false);
        if (forecast.Estimate.Fits)
        {
            return forecast.Estimate;
        }

        IReadOnlyList<RunSuggestion> suggestions = forecast.Suggestions();
        return forecast.Estimate with { Suggestions = suggestions, Advice = forecast.Message(suggestions) };
    }
}
