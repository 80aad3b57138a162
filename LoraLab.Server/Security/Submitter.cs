namespace LoraLab.Server.Security;

/// <summary>Who submits what the current request creates.</summary>
internal sealed class Submitter(IHttpContextAccessor http)
{
    /// <summary>Name of the request's key, or of every client where no key is required; null outside a request.</summary>
    public string? Name => http.HttpContext?.User.Identity?.Name;
}
