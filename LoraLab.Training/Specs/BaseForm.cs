using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Blocks;
using LoraLab.Training.Models.Memory;
using LoraLab.Training.Torch.Quantization;

namespace LoraLab.Training.Specs;

/// <summary>Whether a model and a method allow the base weights in a form.</summary>
internal static class BaseForm
{
    /// <summary>Why they do not, with the field concerned; null: they do.</summary>
    /// <param name="spec">The specification.</param>
    /// <param name="method">Its method.</param>
    /// <param name="config">The model as it is stored.</param>
    public static (string Field, string Sentence)? Problem(RunSpec spec, LoraMethod method, LlamaConfig config)
    {
        string form = EnumWords.Of(spec.BaseWeights);
        string model = Excerpt.Of(spec.Model);
        bool changesBase = method.TakesFromBase || method.InitializationIn(spec.MethodOptions) is not null;
        if (config.InFourBits)
        {
            return method.TrainsWeights || changesBase
                ? (
                    "method",
                    $"{method.Id} changes the base weights, but those of '{model}' are stored in four bits; choose a method that leaves "
                        + "them as they are, such as lora, or the model from which it was quantized.")
                : spec.BaseWeights != BaseWeights.AsStored && spec.BaseWeights != config.Form
                    ? (
                        "baseWeights",
                        $"baseWeights is {form}, but the weights of '{model}' are stored in {EnumWords.Of(config.Form)}; omit "
                            + "baseWeights, or use the model from which it was quantized.")
                    : null;
        }

        if (spec.BaseWeights == BaseWeights.AsStored)
        {
            return null;
        }

        if (method.TrainsWeights)
        {
            return (
                "baseWeights",
                $"baseWeights is {form}, but {method.Id} trains the weights themselves, which four bits cannot hold; set baseWeights to "
                    + "asStored, or use a method with adapters, such as lora.");
        }

        if (changesBase && !method.TakesFromBase)
        {
            return (
                "baseWeights",
                $"baseWeights is {form}, but {method.Id} with an initialization from the weights does not keep what it took from them; use "
                    + "its default init, or set baseWeights to asStored.");
        }

        return config.Block.Linears.FirstOrDefault(linear => QuantizedWeight.Refusal(linear.Out, linear.In) is not null)
            is BlockLinear small
                ? (
                    "baseWeights",
                    $"baseWeights is {form}, but {small.Name} of '{model}' [{small.Out}, {small.In}] "
                        + $"{QuantizedWeight.Refusal(small.Out, small.In)}; set baseWeights to asStored.")
                : null;
    }

    /// <summary>A note where four bits save nothing; null: they save memory, or are not asked for.</summary>
    public static string? Note(RunSpec spec, LlamaConfig config)
    {
        if (spec.BaseWeights == BaseWeights.AsStored || config.InFourBits)
        {
            return null;
        }

        MemoryRequest stored = new() { Config = config, Spec = spec, Adapters = [], Training = [], Evaluation = [] };
        MemoryRequest quantized = stored with { Config = config.WithBase(spec.BaseWeights) };
        return MemoryEstimator.Weights(quantized) < MemoryEstimator.Weights(stored)
            ? null
            : $"baseWeights: the layers of '{Excerpt.Of(spec.Model)}' are so small that four bits save no memory: the buffer for the "
                + "numbers of one layer takes more than they save.";
    }
}
