using System.CommandLine;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Specs;
using LoraLab.Training.Torch;
using Spectre.Console;

namespace LoraLab.Training.Cli;

/// <summary>
/// The command <c>export</c>, which writes the adapter of a run to a folder: as it applies to the original base, or, if its method changed
/// the base, as it was trained.
/// </summary>
internal static class ExportCommand
{
    private const string Converted = "converted", AsTrained = "asTrained";

    public static Command Create(TrainingConfiguration configuration)
    {
        Option<string?> adapter = AdapterOption.Create("");
        adapter.Required = true;
        Option<DirectoryInfo> output = PathOption.RequiredFolder("--out", "Output folder.");
        Option<string> form = new("--form")
        {
            Description = $"{Converted}: for the original base, as the run saved it; {AsTrained}: as it was trained, on the base that its "
                + "method changed, with the starting factors.",
            DefaultValueFactory = _ => Converted,
        };
        form.AcceptOnlyFromAmong(Converted, AsTrained);
        Command command = new("export", "Write the PEFT adapter of a run to a folder.") { adapter, output, form };
        command.SetAction(result => AdapterOption.Run(() =>
            Run(configuration, result.GetRequiredValue(adapter)!, result.GetRequiredValue(output), result.GetValue(form) == AsTrained)));
        return command;
    }

    private static int Run(TrainingConfiguration configuration, string adapter, DirectoryInfo output, bool asTrained)
    {
        TrainerServices services = new(configuration, TimeProvider.System, allowPaths: true);
        string folder = services.Adapters.Find(adapter);
        if (Path.Exists(output.FullName))
        {
            throw RunFailure.BadData($"{output.FullName} already exists; choose another folder with --out.", "out");
        }

        if (!asTrained)
        {
            if (PeftStart.Exists(folder))
            {
                throw RunFailure.BadData(
                    $"--form: the adapter in {folder} is as it was trained; export the adapter of the run to convert it.", "form");
            }

            PeftAsTrained.CopyTo(folder, output.FullName);
            AnsiConsole.WriteLine($"Wrote the adapter: {output.FullName}");
            return ExitCodes.Success;
        }

        RunSpec? spec = AdapterOrigin.Spec(folder);
        TorchRuntime.EnsureLoaded();
        bool changed = PeftAsTrained.Write(folder, spec, output.FullName);
        AnsiConsole.WriteLine(changed
            ? $"Wrote the adapter as it was trained, with its start in '{PeftStart.Folder}': {output.FullName}"
            : $"Wrote the adapter as it is, because its method does not change the base: {output.FullName}");
        return ExitCodes.Success;
    }
}
