using System.CommandLine;
using System.Text.Json;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Torch;
using LoraLab.Training.Training;
using static TorchSharp.torch;

namespace LoraLab.Training.Cli;

/// <summary>The hidden command <c>launches</c>, which counts the operators of an optimizer step and prints them as JSON.</summary>
internal static class LaunchesVerb
{
    public static Command Create()
    {
        Option<int> blocks = new("--blocks") { Description = "Number of blocks.", DefaultValueFactory = _ => LaunchCase.Blocks };
        Option<string> device = new("--device") { Description = "Device of the step.", DefaultValueFactory = _ => "auto" };
        Option<string> precision = new("--precision") { Description = "fp32, bf16 or fp16.", DefaultValueFactory = _ => "fp16" };
        Command command = new("launches", "Count the operators of an optimizer step.") { blocks, device, precision };
        command.Hidden = true;
        command.SetAction(result => Run(
            result.GetValue(blocks), result.GetRequiredValue(device), result.GetRequiredValue(precision)));
        return command;
    }

    private static int Run(int blocks, string device, string precision)
    {
        // By the names of the enum: the constants of torch would load libtorch without the setting LORALAB_LIBTORCH.
        ScalarType dtype = precision switch
        {
            "fp32" => ScalarType.Float32,
            "bf16" => ScalarType.BFloat16,
            "fp16" => ScalarType.Float16,
            _ => throw RunFailure.BadData($"--precision is '{precision}'; it must be fp32, bf16 or fp16."),
        };
        Device resolved = DeviceChoice.Resolve(device);
        if (!OperatorCounter.IsSupported)
        {
            throw RunFailure.BadData("Operators can be counted on Linux on x64 only: run this command there.");
        }

        Dictionary<string, object> counts = [];
        foreach (LaunchCase kind in LaunchCase.All)
        {
            IReadOnlyDictionary<string, int> operators = kind.Count(dtype, resolved, blocks);
            counts[kind.Name] = new
            {
                total = operators.Values.Sum(),
                operators = operators.OrderByDescending(pair => pair.Value).ToDictionary(pair => pair.Key, pair => pair.Value),
            };
        }

        Console.WriteLine(JsonSerializer.Serialize(new { blocks, device = resolved.ToString(), precision, counts }));
        return ExitCodes.Success;
    }
}
