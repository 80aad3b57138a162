using System.Text.Json.Serialization;

namespace LoraLab.Server.Domain;

/// <summary>The stored response to a submission with an <c>Idempotency-Key</c>.</summary>
/// <param name="Key">The key.</param>
/// <param name="BodyHash">Hash of the request body.</param>
/// <param name="CreatedId">Id of the run, study or sweep that it created.</param>
/// <param name="Body">Body of the response.</param>
/// <param name="At">Time of the response.</param>
/// <param name="ForExperiment">True for a study or sweep, false for a run.</param>
internal sealed record StoredResponse(
    string Key,
    string BodyHash,
    [property: JsonPropertyName("runId")] string CreatedId,
    string Body,
    DateTimeOffset At,
    [property: JsonPropertyName("ofPlan")] bool ForExperiment = false);
