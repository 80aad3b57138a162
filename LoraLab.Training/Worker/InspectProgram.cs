using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Adapters;
using LoraLab.Training.Errors;
using LoraLab.Training.Torch;

namespace LoraLab.Training.Worker;

/// <summary>
/// The hidden verb <c>inspect</c>: answers questions, a JSON line each, until stdin ends. It never loads the tensor library.
/// </summary>
public static class InspectProgram
{
    /// <summary>Answers until stdin ends; returns the exit code.</summary>
    public static int Run(Services services, TextReader input, TextWriter output)
    {
        while (input.ReadLine() is string line)
        {
            output.WriteLine(JsonSerializer.Serialize(Answer(services, line), ContractJson.Options));
            output.Flush();
        }

        return ExitCodes.Success;
    }

    private static InspectResponse Answer(Services services, string line)
    {
        long id = 0;
        try
        {
            InspectRequest request = JsonSerializer.Deserialize<InspectRequest>(line, ContractJson.Options)!;
            id = request.Id;
            return request.Ask switch
            {
                "methods" => new() { Id = id, Methods = [.. LoraMethods.All.Select(method => method.Descriptor)] },
                "models" => new() { Id = id, Models = services.Models.List() },
                "datasets" => new() { Id = id, Datasets = services.Datasets.List() },
                "devices" => new() { Id = id, Devices = Devices.List() },
                "validate" => new() { Id = id, Validation = services.Validator.Validate(request.Spec) },
                _ => new() { Id = id, Error = $"The trainer does not know the question '{request.Ask}'." },
            };
        }
        catch (Exception e) when (e is RunFailure or JsonException or IOException or UnauthorizedAccessException)
        {
            return new() { Id = id, Error = e.Message };
        }
    }
}
