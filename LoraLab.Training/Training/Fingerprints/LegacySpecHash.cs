using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;

namespace LoraLab.Training.Training.Fingerprints;

/// <summary>
/// The hash that checkpoints of version 0.1 contain: that of the whole specification as JSON, with empty descriptions. It covers the fields
/// of that version in their order then, which therefore never change here.
/// </summary>
internal static class LegacySpecHash
{
    private const string Fields =
        "name notes tags priority model dataset method rank alpha dropout rankStabilized targetModules methodOptions initFrom learningRate "
        + "learningRateB schedule warmupSteps scheduleSteps weightDecay maxGradNorm epochs maxSteps trainSamples dataSeed dataOffset "
        + "orderSeed seed effectiveBatch microBatch packTokens prompt stripSentence lossScope lossWeighting evalEvery evalSamples "
        + "evalSplit precision device memoryBudgetMb";

    /// <summary>Hashes a complete specification as version 0.1 did.</summary>
    public static string Of(RunSpec spec)
    {
        JsonObject values = SpecFieldCatalog.ToJson(spec with { Name = null, Notes = null, Tags = [], Priority = 0 });
        JsonObject hashed = [];
        foreach (string field in Fields.Split(' '))
        {
            hashed[field] = values[field]?.DeepClone();
        }

        return SpecHash.Of(hashed);
    }
}
