using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tasks;
using LoraLab.Training.Training;
using Spectre.Console;

namespace LoraLab.Training.Cli;

/// <summary>The command <c>evaluate</c>, which evaluates a model, with or without an adapter, on a dataset.</summary>
internal static class EvaluateCommand
{
    public static Command Create(TrainingConfiguration configuration)
    {
        Option<string> model = new("--model") { Description = "Model by name.", DefaultValueFactory = _ => "sample" };
        Option<string> dataset = new("--dataset") { Description = "Dataset by name.", DefaultValueFactory = _ => "sample" };
        Option<string?> adapter = new("--adapter")
        {
            Description = "PEFT adapter folder, or the ID of a finished run (default: none, the base model).",
        };
        Option<string> prompt = new("--prompt") { Description = "Prompt preset or template.", DefaultValueFactory = _ => "paper-literal" };
        Command command =
            new("evaluate", "Evaluate a model, with or without an adapter, on a dataset.") { model, dataset, adapter, prompt };
        command.SetAction(result => Run(
            configuration,
            new RunSpec
            {
                Model = result.GetRequiredValue(model),
                Dataset = result.GetRequiredValue(dataset),
                InitFrom = result.GetValue(adapter),
                Prompt = result.GetRequiredValue(prompt),
                Rank = 1,
                TrainSamples = 1,
            }));
        return command;
    }

    private static int Run(TrainingConfiguration configuration, RunSpec spec)
    {
        TrainerServices services = new(configuration, TimeProvider.System, allowPaths: true);
        if (spec.InitFrom is string name)
        {
            PeftConfig adapter = PeftImport.ReadConfig(services.Adapters.Find(name));
            spec = spec with
            {
                Rank = adapter.Rank,
                Alpha = adapter.Alpha,
                RankStabilized = adapter.RankStabilized,
                TargetModules = adapter.Targets ?? throw RunFailure.BadData(
                    $"The adapter_config.json of '{name}' has no target_modules; add the names of the adapted layers."),
            };
        }

        // A newly initialized LoRA adapter changes nothing, so the base model needs no code path of its own.
        using PreparedRun run = services.Preparation().Prepare(spec, CancellationToken.None);
        EvaluationOutcome outcome = run.Evaluation.Run(run.Model, CancellationToken.None);
        Dictionary<string, object?> result = new()
        {
            ["model"] = spec.Model,
            ["dataset"] = spec.Dataset,
            ["adapter"] = spec.InitFrom,
            ["correct"] = outcome.Correct,
            ["rows"] = outcome.Rows,
        };
        foreach ((string key, double value) in outcome.Metrics)
        {
            result[key[(key.IndexOf('/', StringComparison.Ordinal) + 1)..]] =
                key == MetricKeys.EvalLoss ? value.ToString("R", CultureInfo.InvariantCulture) : value;
        }

        AnsiConsole.WriteLine(JsonSerializer.Serialize(result, ContractJson.Indented));
        return ExitCodes.Success;
    }
}
