using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;

namespace LoraLab.Tests.ScriptedWorker;

/// <summary>
/// The verb <c>inspect</c>. With <c>SCRIPTED_GPU</c> in the environment, it reports a GPU. A specification with <c>inspector-dies</c> in
/// its notes terminates it, <c>inspector-dies-once</c> only the first time.
/// </summary>
internal static class Inspector
{
    private static readonly (string Id, string Color, double Rate)[] _methods =
    [
        ("lora", "#1f77b4", 2e-4), ("lora-swapped", "#ff7f0e", 2e-4), ("lora-xs", "#2ca02c", 2e-3), ("lora-plus", "#d62728", 1e-4),
        ("pissa", "#9467bd", 5e-5),
    ];

    private static readonly DeviceEntry _cpu = new() { Id = "cpu", Name = "scripted", TotalMemoryMb = 1024 };

    private static readonly DeviceEntry _gpu = new()
    {
        Id = "cuda:0",
        Name = "scripted GPU",
        TotalMemoryMb = 8192,
        UsedMemoryMb = 2048,
        ComputeCapability = "7.5",
        Utilization = 0.93,
        TemperatureCelsius = 71,
        PowerWatts = 162.4,
    };

    public static int Serve()
    {
        while (Console.In.ReadLine() is { } line)
        {
            InspectRequest request = JsonSerializer.Deserialize<InspectRequest>(line, ContractJson.Options)!;
            Console.WriteLine(JsonSerializer.Serialize(Answer(request), ContractJson.Options));
        }

        return 0;
    }

    private static InspectResponse Answer(InspectRequest request) => request.Kind switch
    {
        "methods" => new InspectResponse { Id = request.Id, Methods = [.. _methods.Select(Describe)] },
        "models" => new InspectResponse
        {
            Id = request.Id,
            Models =
            [
                .. ScriptedPull.Downloaded.Prepend("sample")
                    .Select(name => new ModelEntry { Name = name, Usable = true, Toy = true, LinearModules = ["q_proj", "v_proj"] }),
            ],
        },
        "datasets" => new InspectResponse
        {
            Id = request.Id,
            Datasets = [.. ScriptedData.All.Select(data => data.Entry)],
        },
        "published" => new InspectResponse { Id = request.Id, Published = ["sst2", "scripted-slow"] },
        "rows" => ScriptedData.Rows(request.Id, request.Rows!),
        "roots" => new InspectResponse { Id = request.Id, EmptyRoots = [] },
        "devices" => new InspectResponse
        {
            Id = request.Id,
            Devices = Environment.GetEnvironmentVariable("SCRIPTED_GPU") is null ? [_cpu] : [_cpu, _gpu],
        },
        "ranks" => new InspectResponse
        {
            Id = request.Id,
            ParametersByRank = [.. Enumerable.Range(1, 64).Select(rank => (long?)(256 * rank))],
        },
        "validate" => new InspectResponse { Id = request.Id, Validation = Validate(request.Spec!.AsObject()) },
        _ => new InspectResponse { Id = request.Id, Error = $"There is no request '{request.Kind}'." },
    };

    private static MethodDescriptor Describe((string Id, string Color, double Rate) method) => new()
    {
        Id = method.Id,
        Name = method.Id,
        Summary = "Scripted.",
        Formula = "ΔW = s·B·A",
        Trains = "A and B",
        Start = "B zero",
        Source = "none",
        Color = method.Color,
        DefaultLearningRate = method.Rate,
    };

    private static SpecValidation Validate(JsonObject json)
    {
        string notes = (string?)json["notes"] ?? "";
        if (notes.Contains("inspector-dies", StringComparison.Ordinal))
        {
            MaybeDie(notes);
        }

        List<FieldError> errors = [];
        JsonObject known = JsonSerializer.SerializeToNode(new RunSpec(), ContractJson.Options)!.AsObject();
        errors.AddRange(json.Select(member => member.Key).Where(key => !known.ContainsKey(key))
            .Select(key => new FieldError(key, $"{key} is not a field of a run.")));
        RunSpec? spec = null;
        try
        {
            spec = errors.Count > 0 ? null : json.Deserialize<RunSpec>(ContractJson.Options);
        }
        catch (JsonException error)
        {
            errors.Add(new FieldError(
                error.Path?.TrimStart('$', '.') ?? "", $"{error.Path?.TrimStart('$', '.')} has a value of the wrong type."));
        }

        if (spec is not null && _methods.All(method => method.Id != spec.Method))
        {
            errors.Add(new FieldError("method", $"There is no method '{spec.Method}'."));
        }

        if (spec is { Rank: <= 0 })
        {
            errors.Add(new FieldError("rank", $"rank is {spec.Rank}; it must be at least 1."));
        }

        if (spec is not null && spec.Model is not ("sample" or "scripted/fetched"))
        {
            errors.Add(new FieldError("model", $"There is no model '{spec.Model}'."));
        }

        if (errors.Count > 0)
        {
            return new SpecValidation { Errors = errors };
        }

        double rate = _methods.First(method => method.Id == spec!.Method).Rate;
        return new SpecValidation
        {
            Spec = spec! with { LearningRate = spec.LearningRate ?? rate },
            SuggestedName = $"{spec.Method} r{spec.Rank}",
            TotalSteps = new Script(notes).Number("steps", 10),
            TrainableParameters = 1024,
            TrainRows = 100,
            EvalRows = 4,
            Task = ScriptedData.Of(spec.Dataset).Task,
            Metric = new Script(notes).Text("metric", "") is { Length: > 0 } metric ? metric : null,
        };
    }

    private static void MaybeDie(string notes)
    {
        string marker = Path.Combine(Environment.GetEnvironmentVariable("LoraLab__DataDirectory")!, "inspector-died");
        if (!notes.Contains("inspector-dies-once", StringComparison.Ordinal) || !File.Exists(marker))
        {
            File.WriteAllText(marker, "");
            Environment.Exit(3);
        }
    }
}
