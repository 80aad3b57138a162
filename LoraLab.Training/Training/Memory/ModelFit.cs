using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Adapters;
using LoraLab.Training.Models;
using LoraLab.Training.Torch;

namespace LoraLab.Training.Training.Memory;

/// <summary>What each model takes to train with each method on this machine: on its first GPU, or on the CPU if it has none.</summary>
/// <param name="budgetMb">Memory budget of a run, MiB; null: none.</param>
public sealed class ModelFit(int? budgetMb)
{
    private readonly DeviceEntry _device = Devices.List() is var all && all.Count > 1 ? all[1] : all[0];

    private double LimitMb => Math.Min(budgetMb ?? double.MaxValue, _device.TotalMemoryMb > 0 ? _device.TotalMemoryMb : double.MaxValue);

    /// <summary>Returns the entry of a usable model with its memory.</summary>
    /// <param name="entry">Its entry.</param>
    /// <param name="config">Its shape.</param>
    public ModelEntry Add(ModelEntry entry, LlamaConfig config) => entry with
    {
        Memory = [.. LoraMethods.All.Select(method => Of(method, config))],
        MemoryLimitMb = LimitMb < double.MaxValue ? LimitMb : null,
    };

    private ModelMemory Of(LoraMethod method, LlamaConfig config)
    {
        bool gpu = _device.Id != "cpu";
        Precision precision = gpu ? Precision.Bf16 : PrecisionRule.ForCpu(config.ParameterCount);
        double[] totals =
        [
            .. FitTable.Runs.Select(run => FitTable.Estimate(
                run with { Method = method.Id, Precision = precision }, config, (int)Math.Min(LimitMb, int.MaxValue), gpu).TotalMb),
        ];
        return new() { Method = method.Id, QueryValueMb = totals[0], AllLinearMb = totals[1] };
    }
}
