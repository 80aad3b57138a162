using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Training;
using static TorchSharp.torch;

namespace LoraLab.Tests.Support;

/// <summary>The trajectories made by PEFT: PEFT's names and values as those of a specification.</summary>
internal static class PeftGoldens
{
    /// <summary>
    /// PEFT's arguments: what each sets in the specification. Names with a point are options of the method. An argument that is not listed
    /// fails the test, so that no setting of a reference is ignored.
    /// </summary>
    private static readonly Dictionary<string, Action<JsonObject, JsonNode?>> _arguments = new(StringComparer.Ordinal)
    {
        ["r"] = As("rank"),
        ["lora_alpha"] = As("alpha"),
        ["alpha"] = As("alpha"),
        ["d_initial"] = Option("dInitial"),
        ["feedforward_modules"] = Option("feedforwardModules"),
        ["decompose_both"] = Option("decomposeBoth"),
        ["decompose_factor"] = Option("decomposeFactor"),
        ["target_modules"] = As("targetModules"),
        ["use_rslora"] = As("rankStabilized"),
        ["rank_pattern"] = As("rankPattern"),
        ["alpha_pattern"] = As("alphaPattern"),
        ["layers_to_transform"] = As("layersToTransform"),
        ["use_dora"] = (_, _) => { },
        ["init_r"] = As("rank"),
        ["target_r"] = Option("targetRank"),
        ["tinit"] = Option("tInit"),
        ["tfinal"] = Option("tFinal"),
        ["deltaT"] = Option("deltaT"),
        ["orth_reg_weight"] = Option("orthogonalWeight"),
        ["corda_config"] = (spec, value) => spec["methodOptions"]!["mode"] = value!["corda_method"]!.DeepClone(),
        ["eva_config"] = (spec, value) => spec["methodOptions"]!["rho"] = value!["rho"]!.DeepClone(),
        ["lora_ga_config"] = (spec, value) =>
        {
            JsonObject options = spec["methodOptions"]!.AsObject();
            options["direction"] = value!["direction"]!.DeepClone();
            options["scale"] = (string)value["scale"]! switch { "gd_scale" => "gdScale", "weight_svd" => "weightSvd", string same => same };
            options["stableGamma"] = value["stable_gamma"]!.DeepClone();
        },
        // The method follows from the name of the reference.
        ["init_lora_weights"] = (_, _) => { },
    };

    /// <summary>Options of the methods that follow from no argument of PEFT.</summary>
    private static readonly Dictionary<string, JsonObject> _options = new(StringComparer.Ordinal)
    {
        ["pissa"] = new() { ["svd"] = "full" },
    };

    /// <summary>Names of the references that have a folder of a name; empty where there are no fixtures.</summary>
    public static IReadOnlyList<string> Folders(string within)
    {
        string root = Fixtures.GoldenRoot("peft");
        return !Directory.Exists(root) ? [] :
        [
            .. Directory.EnumerateDirectories(root).Where(folder => Directory.Exists(Path.Combine(folder, within)))
                .Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal),
        ];
    }

    /// <summary>The trajectory of a reference.</summary>
    public static (JsonObject Golden, string Folder) Load(string name)
    {
        string folder = Fixtures.Golden(Path.Combine("peft", name));
        return (JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "trajectory.json")))!.AsObject(), folder);
    }

    /// <summary>The specification of a reference; <see cref="GoldenRuns.RunSmall"/> adds the rows.</summary>
    /// <param name="golden">Its trajectory.</param>
    /// <param name="folder">Its adapter, to start from; null: the method's own start.</param>
    public static JsonObject Spec(JsonObject golden, string? folder)
    {
        string method = (string)golden["method"]! switch { "eva-exact" => "eva", string same => same };
        JsonObject spec = new()
        {
            ["model"] = "stories260K",
            ["method"] = method,
            ["learningRate"] = (double)golden["learningRate"]!,
            ["learningRateB"] = (double?)golden["learningRateB"],
            ["trainSamples"] = (int)golden["steps"]! * (int)golden["effectiveBatch"]!,
            ["initFrom"] = folder,
            ["methodOptions"] = _options.TryGetValue(method, out JsonObject? options) ? options.DeepClone() : new JsonObject(),
        };
        GoldenRuns.AddProtocol(spec, golden);
        if ((string?)golden["calibrationRows"] is string rows)
        {
            string[] bounds = rows[(rows.LastIndexOf('[') + 1)..rows.LastIndexOf(']')].Split(':');
            JsonObject calibration = spec["methodOptions"]!.AsObject();
            calibration["calibrationOffset"] = GoldenRuns.CalibrationOffset;
            calibration["calibrationSamples"] =
                int.Parse(bounds[1], CultureInfo.InvariantCulture) - int.Parse(bounds[0], CultureInfo.InvariantCulture);
        }

        foreach ((string argument, JsonNode? value) in golden["peft"]!.AsObject())
        {
            _arguments[argument](spec, value);
        }

        return spec;
    }

    /// <summary>
    /// Copies the adapter of a reference into a prepared run, in place, because its trained tensors are views of the optimizer's.
    /// </summary>
    public static void CopyStart(string folder, PreparedRun run)
    {
        using IDisposable noGrad = no_grad();
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, PeftFiles.Weights), field: null);
        foreach (Adapter adapter in run.Adapters)
        {
            foreach (AdapterTensor tensor in adapter.Tensors)
            {
                string name = $"base_model.model.{adapter.Module}.{tensor.Part}";
                using Tensor stored = file.ToTensor(file.Tensors.ContainsKey(name) ? name : name + ".weight");
                tensor.Value.copy_(stored);
            }
        }
    }

    private static Action<JsonObject, JsonNode?> Option(string name) =>
        (spec, value) => spec["methodOptions"]!.AsObject()[name] = value?.DeepClone();

    private static Action<JsonObject, JsonNode?> As(string field) => (spec, value) => spec[field] = value?.DeepClone();
}
