using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Errors;

namespace LoraLab.Training.Engine;

/// <summary>
/// Which runs can train together: those that share the base, the sentences with their order and windows, and everything that shapes a
/// pass. Methods, ranks, targets, rates, schedules and seeds may differ; a method that changes the base's weights cannot take part.
/// </summary>
public static class GangRules
{
    // What may differ, everything else must not.
    private static readonly string[] _own =
    [
        "name", "notes", "tags", "priority", "method", "rank", "alpha", "rankStabilized", "targetModules", "methodOptions", "initFrom",
        "learningRate", "learningRateB", "schedule", "warmupSteps", "scheduleSteps", "weightDecay", "maxGradNorm", "seed",
    ];

    /// <summary>Refuses runs that cannot train together.</summary>
    /// <param name="specs">Complete specifications, two or more.</param>
    /// <exception cref="RunFailure">They cannot; the sentence names the field.</exception>
    public static void Require(IReadOnlyList<RunSpec> specs)
    {
        JsonObject first = Shared(specs[0]);
        for (int i = 1; i < specs.Count; i++)
        {
            foreach ((string field, JsonNode? value) in Shared(specs[i]))
            {
                if (!JsonNode.DeepEquals(value, first[field]))
                {
                    throw RunFailure.BadData($"Runs that train together must agree in {field}; it is {first[field]?.ToJsonString() ?? "null"} in the first and {value?.ToJsonString() ?? "null"} in number {i + 1}.", field);
                }
            }
        }

        for (int i = 0; i < specs.Count; i++)
        {
            if (PackingRule.IsLiteral(specs[i]))
            {
                throw RunFailure.BadData("Runs that train together are packed: microBatch must not be 1.", "microBatch");
            }

            if ((string?)specs[i].MethodOptions["residual"] == "weights")
            {
                throw RunFailure.BadData($"{specs[i].Method} (number {i + 1}) takes its start out of the base's weights, which the others share: set methodOptions.residual to branch.", "methodOptions");
            }
        }
    }

    private static JsonObject Shared(RunSpec spec)
    {
        JsonObject json = (JsonObject)System.Text.Json.JsonSerializer.SerializeToNode(spec, ContractJson.Options)!;
        foreach (string field in _own)
        {
            json.Remove(field);
        }

        return json;
    }
}
