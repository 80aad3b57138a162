using System.CommandLine;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models;
using LoraLab.Training.Torch;
using Spectre.Console;

namespace LoraLab.Training.Cli;

/// <summary>The command <c>merge</c>, which writes a model in the Hugging Face layout with an adapter merged into its weights.</summary>
internal static class MergeCommand
{
    public static Command Create(TrainingConfiguration configuration)
    {
        Option<string> adapter = new("--adapter") { Description = "PEFT adapter folder, or the ID of a finished run.", Required = true };
        Option<string?> model = new("--model") { Description = "Base model by name (default: the one named by the adapter)." };
        Option<DirectoryInfo> output = new("--out") { Description = "Output folder.", Required = true };
        Command command = new("merge", "Write a model with an adapter merged into its weights.") { adapter, model, output };
        command.SetAction(result =>
            Run(configuration, result.GetRequiredValue(adapter), result.GetValue(model), result.GetRequiredValue(output)));
        return command;
    }

    private static int Run(TrainingConfiguration configuration, string adapterName, string? modelName, DirectoryInfo output)
    {
        TrainerServices services = new(configuration, TimeProvider.System, allowPaths: true);
        string adapter = services.Adapters.Find(adapterName);
        string model = modelName ?? PeftImport.ReadConfig(adapter).BaseModel
            ?? throw RunFailure.BadData($"The adapter in {adapter} does not name its base model; set --model.", "model");
        TorchRuntime.EnsureLoaded();
        int changed = PeftMerge.Write(services.Models.Find(model).Folder, adapter, output.FullName);
        AnsiConsole.WriteLine($"Merged the adapter into {changed} weights of '{model}': {output.FullName}");
        return ExitCodes.Success;
    }
}
