using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Training;
using LoraLab.Training.Training.Evaluation;
using Spectre.Console;

namespace LoraLab.Training.Cli;

/// <summary><c>evaluate</c>: scores a model, with or without an adapter, on a data set's rows.</summary>
internal static class EvaluateCommand
{
    public static Command Create(TrainingConfiguration configuration)
    {
        Option<string> model = new("--model") { Description = "Model by name.", DefaultValueFactory = _ => "sample" };
        Option<string> dataset = new("--dataset") { Description = "Data set by name.", DefaultValueFactory = _ => "sample" };
        Option<string?> adapter = new("--adapter") { Description = "PEFT adapter folder; without it the base model is scored." };
        Option<string> prompt = new("--prompt") { Description = "Prompt by name, or a template.", DefaultValueFactory = _ => "paper-literal" };
        Command command = new("evaluate", "Score a model, with or without an adapter, on a data set.") { model, dataset, adapter, prompt };
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
                TargetModules = adapter.Targets ?? throw RunFailure.BadData($"{name} names no target_modules."),
            };
        }

        // A fresh LoRA adapter changes nothing, so that the base model alone needs no path of its own.
        using PreparedRun run = services.Preparation().Prepare(spec, CancellationToken.None);
        EvaluationOutcome outcome = run.Evaluator.Run(run.Model, CancellationToken.None);
        AnsiConsole.WriteLine(JsonSerializer.Serialize(
            new
            {
                spec.Model,
                spec.Dataset,
                adapter = spec.InitFrom,
                accuracy = outcome.Metrics.Accuracy,
                correct = outcome.Metrics.Correct,
                rows = outcome.Metrics.Rows,
                macroF1 = outcome.Metrics.MacroF1,
                loss = outcome.Loss.ToString("R", CultureInfo.InvariantCulture),
            },
            ContractJson.Indented));
        return ExitCodes.Success;
    }
}
