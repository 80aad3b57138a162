using System.CommandLine;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Files;
using LoraLab.Training.Models;
using LoraLab.Training.Specs;
using LoraLab.Training.Torch;
using Spectre.Console;

namespace LoraLab.Training.Cli;

/// <summary>The command <c>merge</c>, which writes a model in the Hugging Face layout with an adapter merged into its weights.</summary>
internal static class MergeCommand
{
    public static Command Create(TrainingConfiguration configuration)
    {
        Option<string?> adapter = AdapterOption.Create("");
        adapter.Required = true;
        Option<string?> model = new("--model") { Description = "Base model by name (default: the one named by the adapter)." };
        Option<DirectoryInfo> output = PathOption.RequiredFolder("--out", "Output folder.");
        Command command = new("merge", "Write a model with an adapter merged into its weights.") { adapter, model, output };
        command.SetAction(result =>
            AdapterOption.Run(() =>
            Run(configuration, result.GetRequiredValue(adapter)!, result.GetValue(model), result.GetRequiredValue(output))));
        return command;
    }

    private static int Run(TrainingConfiguration configuration, string adapterName, string? modelName, DirectoryInfo output)
    {
        TrainerServices services = new(configuration, TimeProvider.System, allowPaths: true);
        string adapter = services.Adapters.Find(adapterName);
        string model = modelName ?? AdapterOrigin.Spec(adapter)?.Model ?? AdapterOption.BaseModel(services, adapter, null);
        using IDisposable pins = services.Preparation().Pin(AdapterOrigin.Fingerprint(adapter));
        TorchRuntime.EnsureLoaded();
        int changed = PeftMerge.Write(services.Models.Find(model).Folder, adapter, output.FullName);
        AnsiConsole.WriteLine($"Merged the adapter into {changed} weights of '{model}': {output.FullName}");
        return ExitCodes.Success;
    }
}
