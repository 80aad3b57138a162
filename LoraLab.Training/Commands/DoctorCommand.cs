using System.CommandLine;
using System.Runtime.InteropServices;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Catalog;
using LoraLab.Training.Torch;
using LoraLab.Training.Worker;
using Spectre.Console;
using TorchSharp;

namespace LoraLab.Training.Commands;

/// <summary><c>doctor</c>: what was loaded, what there is, and in plain words what is wrong.</summary>
internal static class DoctorCommand
{
    public static Command Create(TrainingConfiguration configuration)
    {
        Command command = new("doctor", "Check the installation.");
        command.SetAction(_ => Run(configuration));
        return command;
    }

    private static int Run(TrainingConfiguration configuration)
    {
        List<string> problems = [.. configuration.Warnings];
        Line("LoraLab", Versions.LoraLab);
        Line(".NET", $"{Environment.Version} on {RuntimeInformation.OSDescription} ({RuntimeInformation.ProcessArchitecture})");
        Line("home", configuration.Home);
        Line("data", configuration.DataDirectory);
        Line("backend", DeviceChoice.Backend);
        Line("native library", TorchRuntime.NativeFolder() is string folder ? Path.Combine(folder, TorchRuntime.BridgeName) : "not found");
        if (TorchRuntime.LoadProblem() is string problem)
        {
            problems.Add(problem);
        }
        else
        {
            Line("libtorch", $"{torch.__version__} through TorchSharp {Versions.TorchSharp}");
            Line("threads", $"{torch.get_num_threads()} of {Environment.ProcessorCount}");
            Line("device for auto", DeviceChoice.Resolve("auto").ToString());
        }

        foreach (DeviceEntry device in Devices.List())
        {
            Line(device.Id, $"{device.Name}, {device.TotalMemoryMb:N0} MiB");
        }

        if (DeviceChoice.Backend == "cuda" && Nvml.TryOpen() is null)
        {
            problems.Add("This build is for CUDA, but NVIDIA's driver library (NVML) does not load: install or update the NVIDIA driver.");
        }

        foreach (string sentence in problems)
        {
            AnsiConsole.MarkupLineInterpolated($"[red]problem[/]  {sentence}");
        }

        AnsiConsole.WriteLine(problems.Count == 0 ? "All is well." : $"{problems.Count} problem(s).");
        return TorchRuntime.LoadProblem() is null ? ExitCodes.Success : ExitCodes.Failure;
    }

    private static void Line(string what, string value) => AnsiConsole.MarkupLineInterpolated($"[grey]{what,-16}[/] {value}");
}
