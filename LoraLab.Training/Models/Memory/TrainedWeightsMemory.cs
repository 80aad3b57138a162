using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Models.Weights;
using LoraLab.Training.Torch;

namespace LoraLab.Training.Models.Memory;

/// <summary>
/// Memory and disk space of a run that trains all weights, in addition to the weights that it computes with. In fp32 those are the
/// parameters themselves; in half precision every matrix has an fp32 master weight.
/// </summary>
public static class TrainedWeightsMemory
{
    private const double Mebibyte = 1024 * 1024;
    private const double Single = sizeof(float);
    private const double Moments = 2 * Single;

    /// <summary>Bytes of gradients and both moments.</summary>
    public static double Optimizer(LlamaConfig config) => (Single + Moments) * config.ParameterCount;

    /// <summary>Bytes of the master weights.</summary>
    /// <param name="config">Shape of the model.</param>
    /// <param name="half">Whether the model computes in bf16 or fp16.</param>
    public static double Masters(LlamaConfig config, bool half) => half
        ? Single * CheckpointShapes.Of(config).Where(weight => !CheckpointNames.IsGain(weight.Name, weight.Shape))
            .Sum(weight => Values(weight.Shape))
        : 0;

    /// <summary>
    /// Why a run cannot fit its budget, or without one any of the devices that it may run on, whatever its passes: parameters, gradients
    /// and moments alone are too large. Null: it may fit.
    /// </summary>
    public static string? Refusal(RunSpec spec, LlamaConfig config)
    {
        double leastMb = ((Single * config.ParameterCount) + Optimizer(config)) / Mebibyte;
        double? deviceMb = Devices.List()
            .Where(device => spec.Device == "auto" || device.Id.StartsWith(spec.Device, StringComparison.Ordinal))
            .Max(device => (double?)device.TotalMemoryMb);
        double limitMb = spec.MemoryBudgetMb ?? (deviceMb > 0 ? deviceMb.Value : double.MaxValue);
        return leastMb <= limitMb ? null
            : $"{spec.Method} needs {NumberFormat.Mebibytes(leastMb)} for the {NumberFormat.Count(config.ParameterCount)} weights of "
                + $"'{spec.Model}' with their gradients and moments, but "
                + $"{(spec.MemoryBudgetMb is null ? "the device has" : "the budget is")} "
                + $"{NumberFormat.Mebibytes(limitMb)}; use a method with adapters, such as lora, or a smaller model.";
    }

    /// <summary>
    /// Temporary bytes of the gradient of a weight: in half precision it is computed before it is added to the sum, and for that converted
    /// to fp32 on the CPU; the reference path computes the gradients of all weights this way, and keeps those of half precision.
    /// </summary>
    /// <param name="request">The run.</param>
    /// <param name="values">Number of values of the weight.</param>
    public static double Gradient(MemoryRequest request, double values)
    {
        if (!request.TrainsWeights)
        {
            return 0;
        }

        bool reference = PackingRule.UsesReferencePath(request.Spec);
        return request.Half ? (sizeof(short) + (request.Gpu ? 0 : Single)) * values : reference ? Single * values : 0;
    }

    /// <summary>Bytes of a checkpoint: parameters and both moments.</summary>
    public static double Checkpoint(LlamaConfig config) => (Single + Moments) * config.ParameterCount;

    private static double Values(long[] shape) => shape.Aggregate(1.0, (product, length) => product * length);
}
