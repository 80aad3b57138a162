using System.Text.Json;
using System.Text.Json.Serialization;

namespace LoraLab.Tests.GeneratedClient;

/// <summary>
/// What the generator leaves to the user of its client. Members that are not set are not sent. It returns the body of 200, which is that of
/// a dry run, and throws that of 201.
/// </summary>
public partial class LoraLabClient
{
    /// <summary>Queues a run.</summary>
    public Task<RunDocument> SubmitAsync(RunSpec spec, CancellationToken cancellationToken) =>
        CreatedAsync<RunDocument>(PostRunsAsync(spec, cancellationToken: cancellationToken));

    /// <summary>Creates a sweep.</summary>
    public Task<SweepDocument> SubmitAsync(SweepPlan plan, CancellationToken cancellationToken) =>
        CreatedAsync<SweepDocument>(PostSweepsAsync(plan, cancellationToken: cancellationToken));

    static partial void UpdateJsonSerializerSettings(JsonSerializerOptions settings) =>
        settings.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;

    private static async Task<T> CreatedAsync<T>(Task request)
    {
        try
        {
            await request;
            throw new InvalidOperationException("Nothing was created.");
        }
        catch (ApiException<T> created) when (created.StatusCode == 201)
        {
            return created.Result;
        }
    }
}
