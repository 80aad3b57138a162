using System.CommandLine;
using System.Runtime.InteropServices;
using LoraLab.Contracts;
using LoraLab.Contracts.Worker;
using LoraLab.Files;
using LoraLab.Training.Files;
using LoraLab.Training.Torch;
using LoraLab.Training.Torch.Installed;
using Spectre.Console;
using TorchSharp;

namespace LoraLab.Training.Cli;

/// <summary>The command <c>doctor</c>, which prints versions, libraries and devices, and reports problems of the installation.</summary>
internal static class DoctorCommand
{
    public static Command Create(TrainingConfiguration configuration)
    {
        Command command = new("doctor", "Check the installation and list the devices.");
        command.SetAction(_ => Run(configuration));
        return command;
    }

    private static int Run(TrainingConfiguration configuration)
    {
        List<string> problems = [.. configuration.Warnings];
        bool notWell = true;
        Line("LoraLab", Versions.LoraLab);
        Line(".NET", $"{Environment.Version} on {RuntimeInformation.OSDescription} ({RuntimeInformation.ProcessArchitecture})");
        Line("home", configuration.Home);
        Line("data", configuration.DataDirectory);
        Line("backend", TorchSource.Installed is InstalledTorch installed
            ? $"{DeviceChoice.Backend}, of the installed PyTorch in {installed.Folder}"
            : DeviceChoice.Backend);
        Line("native library", TorchRuntime.NativeFolder() is string folder ? Path.Combine(folder, TorchRuntime.BridgeName) : "not found");
        if (TorchRuntime.LoadProblem() is string problem)
        {
            problems.Add(problem);
        }
        else
        {
            Line("libtorch", $"{Versions.Libtorch} from {TorchRuntime.LibtorchFolder()}, through TorchSharp {Versions.TorchSharp}");
            Line("CUDA", Cuda());
            Line("threads", $"{torch.get_num_threads()} of {ControlGroup.Read().Threads(Environment.ProcessorCount)}");
            string? missingGpu = DeviceChoice.MissingGpu();
            notWell = missingGpu is not null;
            Line("auto device", notWell ? "cpu" : DeviceChoice.Resolve("auto").ToString());
            if (missingGpu is not null)
            {
                problems.Add(missingGpu);
            }
        }

        foreach (DeviceEntry device in Devices.List())
        {
            Line(device.Id, $"{device.Name}, {NumberFormat.Memory(device.TotalMemoryMb)}{Readings(device)}");
        }

        Nvml? nvml = Gpus.OfThisProcess.Nvml;
        Line("NVIDIA driver", nvml is null ? Nvml.UnavailableMessage : nvml.DriverVersion ?? "unknown version");
        if (Gpus.OfThisProcess.CudaVersion is Version cuda)
        {
            Line("CUDA driver", $"supports CUDA {cuda}");
        }

        problems.AddRange(GpuProblems(nvml).Except(problems));
        foreach (string message in problems)
        {
            AnsiConsole.MarkupLineInterpolated($"[red]problem[/]  {message}");
        }

        AnsiConsole.WriteLine(Verdict(problems.Count, notWell));
        return notWell ? ExitCodes.Failure : ExitCodes.Success;
    }

    /// <summary>The last line of the report.</summary>
    /// <param name="problems">Number of problems.</param>
    /// <param name="notWell">Whether runs cannot work as they should: not at all, or not on the GPU that this build is for.</param>
    internal static string Verdict(int problems, bool notWell) => problems == 0 ? "No problems found."
        : $"{(notWell ? "Not well: " : "")}{NumberFormat.Count(problems, "problem")} found.";

    private static IEnumerable<string> GpuProblems(Nvml? nvml)
    {
        if (DeviceChoice.Backend != "cuda")
        {
            if (nvml?.Devices().FirstOrDefault() is NvmlDevice unused)
            {
                yield return $"This machine has an NVIDIA GPU ({unused.Name}), but this build supports only the "
                    + $"CPU; build with -p:TorchBackend=cuda, or set {TorchSource.Variable} to the folder torch/lib of a PyTorch 2.10 or "
                    + "2.11 with CUDA.";
            }
        }
        else if (nvml is null)
        {
            yield return $"This build needs CUDA. {Nvml.UnavailableMessage}";
        }
        else if (CudaDriver.Advice(nvml.DriverVersion) is string advice)
        {
            yield return advice;
        }
    }

    private static string Cuda()
    {
        if (DeviceChoice.Backend != "cuda")
        {
            return "not in this libtorch";
        }

        if (TorchRuntime.CudaProblem is string problem)
        {
            return $"cannot be loaded: {problem}";
        }

        int count = torch.cuda.is_available() ? torch.cuda.device_count() : 0;
        string built = TorchSource.Installed?.CudaVersion is string version ? $"{version}, " : "";
        return count == 0 ? $"{built}no device available" : $"{built}{NumberFormat.Count(count, "device")} available";
    }

    private static string Readings(DeviceEntry device) => string.Concat(
        device.ComputeCapability is string capability ? $", compute capability {capability}" : "",
        device.UsedMemoryMb is double used ? $", {NumberFormat.Memory(used)} in use" : "",
        device.Utilization is double load ? $", {NumberFormat.PercentOf(load, 1)} utilization" : "",
        device.TemperatureCelsius is double degrees ? $", {degrees:0} °C" : "",
        device.PowerWatts is double watts ? $", {watts:0} W" : "");

    private static void Line(string name, string value) => AnsiConsole.MarkupLineInterpolated($"[grey]{name,-16}[/] {value}");
}
