using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Calibration;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Files.Catalog;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Blocks;
using LoraLab.Training.Models.Catalog;
using LoraLab.Training.Models.Memory;
using LoraLab.Training.Tasks;
using LoraLab.Training.Torch;

namespace LoraLab.Training.Specs;

/// <summary>
/// Validates a specification before a worker starts: numbers, method and options, model, targets, ranks, data, prompt. The API,
/// the form and <c>train --spec</c> use the same code.
/// </summary>
/// <param name="models">Models by name.</param>
/// <param name="datasets">Datasets by name.</param>
/// <param name="adapters">Adapters by name.</param>
/// <param name="configuredBudgetMb">Memory budget of specifications without one, MiB; null: none.</param>
public sealed class SpecValidator(ModelCatalog models, DatasetCatalog datasets, AdapterCatalog adapters, int? configuredBudgetMb)
{
    /// <summary>Validates a specification as received and fills in its defaults.</summary>
    public SpecValidation Validate(JsonNode? json)
    {
        List<FieldError> errors = [];
        List<string> warnings = [];
        RunSpec spec = WithoutEmpty(SpecReader.Read(MethodPresets.Apply(json, errors), errors));
        errors.AddRange(SpecRules.Check(spec).Where(error => errors.TrueForAll(reported => reported.Field != error.Field)));
        // An alias may move: the specification keeps the run to which it refers now.
        spec = spec.InitFrom is string named ? spec with { InitFrom = adapters.WithoutAlias(named) } : spec;
        LoraMethod? method = CheckMethod(ref spec, errors);
        List<FileSnapshot> files = [];
        Try(errors, () => models.FileSnapshots(spec.Model), files.AddRange);
        ResolvedModel? model = Try(errors, () => models.Find(spec.Model));
        LlamaConfig? config = model?.Config;
        if (config is not null)
        {
            warnings.AddRange(model!.Warnings);
            CheckTargets(spec, method, config, errors, warnings);
            CheckBase(spec, method, config, errors, warnings);
        }

        Try(errors, () => datasets.Check(spec));
        if (spec.InitFrom is not null && method is not null)
        {
            CheckInitFrom(spec, method, config, errors, warnings, files);
        }

        // Selecting rows needs valid numbers. The snapshots are taken before the files are read.
        Try(errors, () => datasets.FileSnapshots(spec.Dataset), files.AddRange);
        Dataset? dataset = errors.Count == 0 ? Try(errors, () => datasets.Read(spec.Dataset)) : null;
        Try(errors, () => dataset?.RequireTrainable());
        spec = dataset?.Complete(spec) ?? spec;
        SelectedRows? rows = dataset is null || errors.Count > 0 ? null : Try(errors, () => dataset.Select(spec));
        TaskData? data = rows is null
            ? null
            : Try(errors, () => rows.Encode(models.Tokenizer(model!).Tokenizer, config!.LongestText));
        if (rows is null || data is null)
        {
            return new() { Errors = Distinct(errors), Warnings = warnings, Files = files };
        }

        warnings.AddRange(data.Warnings);
        warnings.AddRange(WithoutEffect(spec, data.Task));
        if (DeviceChoice.Gpu(spec.Device) is GpuDescription gpu
            && PrecisionRule.WarningForGpu(spec.Precision, spec.Precision, gpu) is string precision)
        {
            warnings.Add(precision);
        }

        if (CalibrationProblem(spec, method!, data) is string problem)
        {
            errors.Add(new(CalibrationOptions.SamplesField, problem));
            return new() { Errors = errors, Warnings = warnings, Files = files };
        }

        RunSchedule schedule = RunSchedule.From(spec, data.Train.Length);
        if (spec.MaxSteps > schedule.FullSteps)
        {
            warnings.Add($"maxSteps is {spec.MaxSteps}, but the data allows only {schedule.FullSteps} steps.");
        }

        spec = spec with
        {
            TrainSamples = rows.TrainingCount,
            ScheduleSteps = spec.ScheduleSteps ?? schedule.FullSteps,
            MemoryBudgetMb = spec.MemoryBudgetMb ?? configuredBudgetMb,
            MethodOptions = method!.CompleteFor(spec, schedule.TotalSteps, errors),
        };
        if (method.TrainsWeights && TrainedWeightsMemory.Refusal(spec, config!) is string tooLarge)
        {
            errors.Add(new(spec.MemoryBudgetMb is null ? "method" : "memoryBudgetMb", tooLarge));
            return new() { Errors = errors, Warnings = warnings, Files = files };
        }

        if (spec.WarmupSteps >= spec.ScheduleSteps)
        {
            errors.Add(new(
                "warmupSteps", $"warmupSteps must be less than the schedule's {spec.ScheduleSteps} steps; it is {spec.WarmupSteps}."));
        }

        if (errors.Count > 0)
        {
            return new() { Errors = errors, Warnings = warnings, Files = files };
        }

        // The ranks of an adapter are known, unlike those that follow from a calibration.
        PeftAdapter? given = spec.InitFrom is string start && method.RanksDiffer(spec.MethodOptions)
            ? adapters.Describe(start, method)
            : null;
        return new()
        {
            Warnings = warnings,
            Files = files,
            Spec = spec,
            SuggestedName = RunName.From(spec, method),
            TotalSteps = schedule.TotalSteps,
            TrainRows = data.Train.Length,
            EvalRows = data.EvaluationCount,
            Task = data.Task.Id,
            Metric = data.Metric,
            TrainableParameters = method.TrainsWeights
                ? config!.ParameterCount
                : AdaptedLinear.Of(spec, config!).Sum(adapted => method.TrainableParameters(
                    adapted.Linear,
                    given is null ? adapted.Rank : given.Modules.GetValueOrDefault(adapted.Module)?.Rank ?? 0,
                    spec.MethodOptions)),
        };
    }

    /// <summary>
    /// Trainable parameters of a specification at the ranks 1, 2, 3 …, whatever its own rank is, up to the smaller dimension of its layers;
    /// where larger ranks make sense, up to the larger one. Null at a rank that is refused. Empty if method, model or layers are invalid.
    /// </summary>
    public IReadOnlyList<long?> ParametersByRank(JsonNode? json)
    {
        List<FieldError> errors = [];
        RunSpec spec = WithoutEmpty(SpecReader.Read(json, errors));
        if (CheckMethod(ref spec, errors) is not LoraMethod method || Try(errors, () => models.Find(spec.Model)) is not ResolvedModel model)
        {
            return [];
        }

        IReadOnlyList<AdaptedLinear> adapted = AdaptedLinear.Of(spec, model.Config);
        int largest = adapted
            .Select(layer => method.AllowsLargeRanks
                ? Math.Max(layer.Linear.In, layer.Linear.Out)
                : Math.Min(layer.Linear.In, layer.Linear.Out))
            .DefaultIfEmpty(0).Max();
        return [.. Enumerable.Range(1, largest).Select(rank => Parameters(spec with { Rank = rank }, method, model.Config))];
    }

    /// <summary>Trainable parameters; null if the layers do not allow the specification.</summary>
    private static long? Parameters(RunSpec spec, LoraMethod method, LlamaConfig config)
    {
        List<FieldError> errors = [];
        CheckTargets(spec, method, config, errors, []);
        return errors.Count > 0 ? null : AdaptedLinear.Of(spec, config)
            .Sum(adapted => method.TrainableParameters(adapted.Linear, adapted.Rank, spec.MethodOptions));
    }

    /// <summary>The specification with null for a pattern or a list of excluded modules that is empty, which means the same.</summary>
    private static RunSpec WithoutEmpty(RunSpec spec) => spec with
    {
        RankPattern = spec.RankPattern is { Count: 0 } ? null : spec.RankPattern,
        AlphaPattern = spec.AlphaPattern is { Count: 0 } ? null : spec.AlphaPattern,
        ExcludeModules = spec.ExcludeModules is { Count: 0 } ? null : spec.ExcludeModules,
    };

    /// <summary>Last part of a model's name: repositories, folders and paths name the same model.</summary>
    internal static string LastPart(string name) => name[(name.LastIndexOfAny(['/', '\\']) + 1)..];

    /// <summary>A warning about the fields of other tasks that are set; they change nothing.</summary>
    private static IEnumerable<string> WithoutEffect(RunSpec spec, TaskDescriptor task)
    {
        JsonObject values = SpecFieldCatalog.ToJson(spec);
        string[] set =
        [
            .. TaskDescriptors.All.SelectMany(other => other.Fields).Distinct().Except(task.Fields)
                .Where(field => SpecFieldCatalog.Of(spec).Find(field) is SpecFieldDescriptor known && !known.IsDefault(values[field])),
        ];
        if (set.Length > 0)
        {
            yield return $"{string.Join(" and ", set)} {(set.Length == 1 ? "has" : "have")} no effect on the task {task.Id} of dataset "
                + $"'{Excerpt.Of(spec.Dataset)}'.";
        }
    }

    private static string? CalibrationProblem(RunSpec spec, LoraMethod method, TaskData data)
    {
        long tokens = data.Calibration.Sum(row => (long)row.Ids.Length);
        int needed = method.ComponentsNeeded(spec.Rank, spec.MethodOptions);
        return data.Calibration.Count == 0 || tokens > needed
            ? null
            : $"{CalibrationOptions.SamplesField}: the {data.Calibration.Count} calibration rows have {tokens} tokens, but {method.Id} "
                + $"needs more than the {needed} components that it starts with; raise calibrationSamples or lower rank.";
    }

    private static LoraMethod? CheckMethod(ref RunSpec spec, List<FieldError> errors)
    {
        if (LoraMethods.Find(spec.Method) is not LoraMethod method)
        {
            errors.Add(new("method", Suggestions.UnknownName("method", spec.Method, MethodPresets.Names)));
            return null;
        }

        if (spec.LearningRateB is not null && !method.Descriptor.HasLearningRateB)
        {
            errors.Add(new(
                "learningRateB", $"learningRateB applies only to methods with a separate learning rate for B; omit it for {method.Id}."));
        }

        errors.AddRange(UnusedFields(spec, method).Where(error => errors.TrueForAll(reported => reported.Field != error.Field)));
        spec = spec with { MethodOptions = method.Complete(spec.MethodOptions, errors) };
        spec = spec with
        {
            LearningRate = method.LearningRate(spec, AdapterFactor.A.Name()),
            LearningRateB = method.Descriptor.HasLearningRateB ? method.LearningRate(spec, AdapterFactor.B.Name()) : spec.LearningRateB,
        };
        return method;
    }

    private static IEnumerable<FieldError> UnusedFields(RunSpec spec, LoraMethod method)
    {
        JsonObject given = SpecFieldCatalog.ToJson(spec);
        return method.Descriptor.UnusedFields
            .Where(field => !JsonNode.DeepEquals(given[field], SpecFieldCatalog.Of(spec).Defaults[field]))
            .Select(field => new FieldError(field, $"{field} means nothing to {method.Id}; omit it."));
    }

    private static void CheckTargets(RunSpec spec, LoraMethod? method, LlamaConfig config, List<FieldError> errors, List<string> warnings)
    {
        if (method?.Descriptor.UnusedFields.Contains("targetModules") == true)
        {
            return;
        }

        string[] known = [.. config.Block.Linears.Select(shape => shape.Name)];
        foreach (string name in spec.TargetModules.Names ?? [])
        {
            if (!known.Contains(name))
            {
                errors.Add(new(
                    "targetModules",
                    $"targetModules: '{name}' {TargetRefusal.Reason(name, config.Block)}; choose from {string.Join(", ", known)}."));
            }
        }

        if (method is null || new LayerRules(spec, config, method) is not { HasTargets: true } layers)
        {
            return;
        }

        errors.AddRange(method.Problems(spec, [.. config.AdaptedLinears(spec.TargetModules)]));
        errors.AddRange(method.RankProblems(spec, [.. AdaptedLinear.Of(spec, config).Select(adapted => adapted.Rank)]));
        FieldError[] violated = [.. layers.Errors().Where(error => errors.TrueForAll(reported => reported.Field != error.Field))];
        errors.AddRange(violated);
        warnings.AddRange(violated.Length > 0 ? [] : layers.Warnings());
        warnings.AddRange(method.Warnings(spec));
        if (violated.Length == 0 && spec.InitFrom is null && method.RanksDiffer(spec.MethodOptions))
        {
            warnings.Add(DistributedRanks.Warning(spec, config, method));
        }
    }

    private static void CheckBase(RunSpec spec, LoraMethod? method, LlamaConfig config, List<FieldError> errors, List<string> warnings)
    {
        if (method is not null && BaseForm.Problem(spec, method, config) is (string field, string sentence))
        {
            errors.Add(new(field, sentence));
        }
        else if (BaseForm.Note(spec, config) is string note)
        {
            warnings.Add(note);
        }
    }

    private void CheckInitFrom(
        RunSpec spec,
        LoraMethod method,
        LlamaConfig? config,
        List<FieldError> errors,
        List<string> warnings,
        List<FileSnapshot> files)
    {
        if (method.Descriptor.UnusedFields.Contains("initFrom"))
        {
            return;
        }

        if (!method.Descriptor.AllowsInitFrom)
        {
            errors.Add(new(
                "initFrom", $"initFrom cannot be used with {method.Id}, which initializes its factors from the weights; omit it."));
            return;
        }

        Try(errors, () => adapters.FileSnapshots(spec.InitFrom!), files.AddRange);
        PeftAdapter? adapter = Try(errors, () => adapters.Describe(spec.InitFrom!, method));
        if (adapter is null)
        {
            return;
        }

        if (config is not null && AdapterFit.Problem(spec, config, adapter) is string problem)
        {
            errors.Add(new("initFrom", $"initFrom: adapter '{spec.InitFrom}' {problem}."));
        }

        warnings.AddRange(adapter.Warnings);
        if (method.TakesFromBase && adapter.Config.InitLoraWeights.ValueKind != JsonValueKind.String)
        {
            warnings.Add(
                $"initFrom: {method.Id} subtracts the factors of adapter '{spec.InitFrom}' from the weights, so that the run starts at the "
                    + "base model, whatever they were trained for.");
        }

        if (AdapterFit.ScalingWarning(spec, adapter) is string scaling)
        {
            warnings.Add($"initFrom: adapter '{spec.InitFrom}' {scaling}");
        }

        // Only a warning, because the same model has different names on hubs, in folders and for users; names and shapes fit.
        if (adapter.Config.BaseModel is { Length: > 0 } trainedOn && LastPart(trainedOn) != LastPart(spec.Model))
        {
            warnings.Add(
                $"initFrom: adapter '{spec.InitFrom}' names '{Excerpt.Of(trainedOn)}' as its base model, "
                    + $"but the run's model is '{spec.Model}'.");
        }
    }

    private static void Try(List<FieldError> errors, Action check) => Try<object>(errors, () =>
    {
        check();
        return errors;
    });

    private static T? Try<T>(List<FieldError> errors, Func<T> action, Action<T>? then = null)
        where T : class
    {
        try
        {
            T result = action();
            then?.Invoke(result);
            return result;
        }
        catch (RunFailure failure)
        {
            errors.Add(new(failure.Field ?? "spec", failure.Message));
            return null;
        }
    }

    private static List<FieldError> Distinct(List<FieldError> errors) => [.. errors.Distinct()];
}
