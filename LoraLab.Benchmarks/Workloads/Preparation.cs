using LoraLab.Benchmarks.Protocol;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Svd;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Models.Weights;
using LoraLab.Training.Specs;
using LoraLab.Training.Tasks.Classification;
using LoraLab.Training.Torch;
using LoraLab.Training.Training;
using TorchSharp;

namespace LoraLab.Benchmarks.Workloads;

/// <summary>Prepared runs: from the catalog, or with a random model of an exact shape.</summary>
internal static class Preparation
{
    /// <summary>A run with a model and dataset of the catalog, prepared as by the trainer.</summary>
    public static PreparedRun FromCatalog(Bench bench, RunSpec spec, string data) =>
        Specs.Services(bench, data).Preparation().Prepare(spec, CancellationToken.None);

    /// <summary>A run with the paper's data and a random model.</summary>
    /// <param name="bench">The bench.</param>
    /// <param name="spec">Rank, targets, samples.</param>
    /// <param name="config">Shape of the model.</param>
    /// <param name="dtype">Precision of its weights.</param>
    /// <param name="evaluationRows">Number of evaluation rows, evenly spaced; fewer than all to limit the time.</param>
    public static PreparedRun Random(Bench bench, RunSpec spec, LlamaConfig config, torch.ScalarType dtype, int evaluationRows)
    {
        ClassificationData data = PaperData.Read(bench, spec, evaluationRows);
        LlamaModel model = RandomWeights.Build(config, dtype, bench.Device);
        LoraMethod method = LoraMethods.Find(spec.Method)!;
        foreach (LinearLayer linear in model.Linears.Where(linear => spec.TargetModules.Names?.Contains(linear.ShortName) ?? true))
        {
            linear.Adapter = method.Create(linear, AdapterRequest.From(spec, linear.Name), spec.MethodOptions);
        }

        return new PreparedRun
        {
            Spec = spec,
            Method = method,
            Schedule = RunSchedule.From(spec, data.Train.Length),
            Limits = new PassLimits(spec.EffectiveBatch, null, SharePrefix: true, Bucketed: bench.Device.type == DeviceType.CPU),
            Adapters = [.. model.Linears.Select(linear => linear.Adapter).OfType<Adapter>()],
            Environment = new RunEnvironment { Threads = torch.get_num_threads() },
            Model = model,
            Device = bench.Device,
            Data = data,
            Evaluation = data.CreateEvaluation(config, bench.Device),
            Memory = new PeakMemory(bench.Device),
            Load = new LoadReport(),
            Decompositions = new SvdCache(bench.Output),
            Warnings = [],
        };
    }
}
