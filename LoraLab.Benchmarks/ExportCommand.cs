using System.CommandLine;
using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;
using static TorchSharp.torch;

namespace LoraLab.Benchmarks;

/// <summary><c>export</c>: the input of <c>bench/peft_peers.py</c>.</summary>
internal static class ExportCommand
{
    private const int DefaultLayers = 2;
    private static readonly ScalarType[] _precisions = [ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16];

    /// <summary>The command.</summary>
    /// <param name="bench">Creates a bench on a device with a folder for its output.</param>
    public static Command Create(Func<string, DirectoryInfo?, Bench> bench)
    {
        Option<DirectoryInfo?> output = new("--out") { Description = "Folder of the files; default: data/benchmarks." };
        Option<string> device = new("--device") { Description = "cpu or cuda:N.", DefaultValueFactory = _ => "cpu" };
        Option<int> layers = new("--layers") { Description = "Blocks of the model.", DefaultValueFactory = _ => DefaultLayers };
        Option<string> precision = new("--precision") { Description = "Precision of the weights.", DefaultValueFactory = _ => "fp32" };
        Option<string> targets = new("--targets")
        {
            Description = "Adapters: all-linear with rank 32, or q-v with rank 8.",
            DefaultValueFactory = _ => "all-linear",
        };
        precision.AcceptOnlyFromAmong([.. _precisions.Select(PrecisionNames.Of)]);
        targets.AcceptOnlyFromAmong("all-linear", "q-v");
        Command export = new("export", "Export weights, adapter, sentences and losses for bench/peft_peers.py.")
        {
            output, device, layers, precision, targets,
        };
        export.SetAction(result => new PeerExport(
            result.GetValue(layers),
            _precisions.Single(dtype => PrecisionNames.Of(dtype) == result.GetValue(precision)),
            result.GetValue(targets) == "q-v" ? Specs.QueryValue : Specs.AllLinear)
            .Write(bench(result.GetValue(device)!, result.GetValue(output))));
        return export;
    }
}
