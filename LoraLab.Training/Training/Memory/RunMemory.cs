using LoraLab.Contracts.Runs;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Catalog;

namespace LoraLab.Training.Training.Memory;

/// <summary>The memory of a run from its specification: its own windows, packed as training would, on this machine's device.</summary>
/// <param name="models">Models by name.</param>
/// <param name="datasets">Data sets by name.</param>
public sealed class RunMemory(ModelCatalog models, DatasetCatalog datasets)
{
    /// <summary>The estimate of a specification that has passed validation, with advice where it is over its budget.</summary>
    /// <exception cref="RunFailure">Model, data or device cannot be used.</exception>
    public MemoryEstimate Estimate(RunSpec spec)
    {
        using RunData rows = RunData.Read(spec, models, datasets);
        MemoryForecast outlook = new(spec, rows);
        if (outlook.Estimate.Fits)
        {
            return outlook.Estimate;
        }

        IReadOnlyList<RunSuggestion> suggestions = outlook.Suggestions();
        return outlook.Estimate with { Suggestions = suggestions, Advice = MemoryAdvice.Sentence(outlook.Estimate, suggestions) };
    }
}
