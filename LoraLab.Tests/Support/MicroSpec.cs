using System.Text.Json.Nodes;
using LoraLab.Training.Adapters;

namespace LoraLab.Tests.Support;

/// <summary>A run of about a second on the bundled sample.</summary>
internal static class MicroSpec
{
    /// <summary>Optimizer steps of the run.</summary>
    public const int Steps = 4;

    /// <summary>The specification for a method; the learning rate is large, so that a few steps have an effect.</summary>
    public static JsonObject For(string method)
    {
        JsonObject spec = Whole(method);
        foreach (string field in LoraMethods.Find(method)?.Descriptor.UnusedFields ?? [])
        {
            spec.Remove(field);
        }

        return spec;
    }

    private static JsonObject Whole(string method) => new()
    {
        ["model"] = "sample",
        ["dataset"] = "sample",
        ["method"] = method,
        ["rank"] = 4,
        ["alpha"] = 8,
        ["learningRate"] = 0.005,
        ["trainSamples"] = Steps * 8,
        ["effectiveBatch"] = 8,
        ["evalEvery"] = 2,
        ["evalSamples"] = 32,
        ["lossScope"] = "completion",
        ["precision"] = "fp32",
    };
}
