using LoraLab.Server.Infrastructure.Access;
using Microsoft.AspNetCore.Authorization;

namespace LoraLab.Server.Security;

/// <summary>The fallback policy of every route that is not anonymous: the request's key must have the route's scope.</summary>
internal sealed class ScopeRequirement : AuthorizationHandler<ScopeRequirement>, IAuthorizationRequirement
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, ScopeRequirement requirement)
    {
        if (context.Resource is HttpContext http && KeyIdentity.Has(context.User, RequiredScope.For(http)))
        {
            context.Succeed(requirement);
        }

        return Task.CompletedTask;
    }
}
