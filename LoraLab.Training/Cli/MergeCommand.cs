using System.CommandLine;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Files;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Catalog;
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
        Option<bool> progress = new("--progress") { Description = "Write a JSON object with done and total after each weight." };
        Command command = new("merge", "Write a model with an adapter merged into its weights.") { adapter, model, output, progress };
        command.SetAction(result =>
            AdapterOption.Run(() =>
            Run(
                configuration,
                result.GetRequiredValue(adapter)!,
                result.GetValue(model),
                result.GetRequiredValue(output),
                result.GetValue(progress) ? WriteProgress : null)));
        return command;
    }

    private static void WriteProgress(int done, int total) =>
        Console.WriteLine(JsonSerializer.Serialize(new MergeProgress(done, total), ContractJson.Options));

    private static int Run(
        TrainingConfiguration configuration,
        string adapterName,
        string? modelName,
        DirectoryInfo output,
        Action<int, int>? progress)
    {
        TrainerServices services = new(configuration, TimeProvider.System, allowPaths: true);
        string adapter = services.Adapters.Find(adapterName);
        RunSpec? trained = AdapterOrigin.Spec(adapter);
        string model = modelName ?? trained?.Model ?? AdapterOption.BaseModel(services, adapter, null);
        using IDisposable pins = services.Preparation().Pin(AdapterOrigin.Fingerprint(adapter));
        TorchRuntime.EnsureLoaded();
        ResolvedModel resolved = services.Models.Find(model);
        int changed = PeftMerge.Write(resolved.Folder, adapter, output.FullName, progress, trained);
        AnsiConsole.WriteLine($"Merged the adapter into {changed} weights of '{model}': {output.FullName}");
        if (resolved.Config.WithBase(trained?.BaseWeights ?? BaseWeights.AsStored).Form != BaseWeights.AsStored)
        {
            AnsiConsole.WriteLine(
                "warning: this is not the model that was trained to the last bit: its layers are the numbers of the base in four bits plus "
                    + "the update, rounded to the precision of the file, and no longer in four bits.");
            IReadOnlyList<string> lines = trained is null
                ? ["Not evaluated: the adapter does not say on which data it was trained; compare both with evaluate."]
                : MergeCheck.Run(services, adapterName, modelName, output.FullName);
            lines.ToList().ForEach(AnsiConsole.WriteLine);
        }

        return ExitCodes.Success;
    }
}
